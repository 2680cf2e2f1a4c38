# The compiler runs on the builder's own processor and cross-compiles: an emulated one would take many times as long.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go spec.json ./
COPY source ./source
ARG TARGETOS=linux
ARG TARGETARCH
ARG VERSION=dev
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/source-microsoft-dataverse .

# The platform starts a connector through sh, with coreutils at hand, so an image without a shell will not run there. Nothing
# is run in this stage: it is built for another processor without emulation.
FROM debian:bookworm-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/source-microsoft-dataverse /airbyte/source-microsoft-dataverse
WORKDIR /airbyte
# By number: Kubernetes cannot tell from a name that a user is not root.
USER 1000:1000
# The platform reads the variable, docker run the entrypoint; they have to be equal.
ENV AIRBYTE_ENTRYPOINT="/airbyte/source-microsoft-dataverse"
ENTRYPOINT ["/airbyte/source-microsoft-dataverse"]
ARG VERSION=dev
LABEL io.airbyte.name="source-microsoft-dataverse" \
    io.airbyte.version="${VERSION}" \
    org.opencontainers.image.title="source-microsoft-dataverse" \
    org.opencontainers.image.description="Airbyte source for Microsoft Dataverse and Dynamics 365" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.licenses="MIT"
