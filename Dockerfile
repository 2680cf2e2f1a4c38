# The compiler runs on the builder's own processor and cross-compiles, which is many times as fast as emulation.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go spec.json ./
COPY source ./source
COPY integration_tests/notices ./integration_tests/notices
ARG TARGETOS=linux
ARG TARGETARCH
ARG VERSION=dev
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/source-microsoft-dataverse . && \
    go run ./integration_tests/notices /out/source-microsoft-dataverse >/out/THIRD_PARTY_NOTICES.txt

# The platform starts a connector through sh and coreutils, so an image without a shell does not work there. This stage runs
# nothing, so that an image for another processor is built without emulation.
FROM debian:bookworm-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/source-microsoft-dataverse /out/THIRD_PARTY_NOTICES.txt /airbyte/
WORKDIR /airbyte
# By number: Kubernetes cannot verify from a name that a user is not root.
USER 1000:1000
# The platform reads the variable, and docker run the entrypoint. They must be equal.
ENV AIRBYTE_ENTRYPOINT="/airbyte/source-microsoft-dataverse"
ENTRYPOINT ["/airbyte/source-microsoft-dataverse"]
ARG VERSION=dev
LABEL io.airbyte.name="source-microsoft-dataverse" \
    io.airbyte.version="${VERSION}" \
    org.opencontainers.image.title="source-microsoft-dataverse" \
    org.opencontainers.image.description="Airbyte source for Microsoft Dataverse and Dynamics 365" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.licenses="MIT"
