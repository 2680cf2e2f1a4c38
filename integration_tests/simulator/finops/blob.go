package finops

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// container is the path of all packages in storage.
const container = "/dmf/"

// sasTime is the form of times in a shared access signature.
const sasTime = "2006-01-02T15:04:05Z"

// blob is a package in storage.
type blob struct {
	name    string
	content []byte
	etag    string
	made    time.Time
}

// store keeps a package. The lock is held.
func (e *Environment) store(packageName string, content []byte, at time.Time) *blob {
	sum := sha256.Sum256(content)
	b := &blob{
		name: packageName + "{" + newID() + "}", content: content, made: at,
		etag: `"0x8D` + strings.ToUpper(hex.EncodeToString(sum[:7])) + `"`,
	}
	e.blobs[b.name] = b
	return b
}

// urlOf returns a URL with a new signature, which is valid for an hour from five minutes ago. origin is that of the storage.
func (e *Environment) urlOf(b *blob, origin string) string {
	now := e.now()
	start := now.Add(-5 * time.Minute).Format(sasTime)
	expiry := now.Add(sasLife).Format(sasTime)
	return origin + container + strings.ReplaceAll(b.name, " ", "%20") + "?sv=2014-02-14&sr=b&sig=" + url.QueryEscape(e.signature(b.name, start, expiry)) +
		"&st=" + url.QueryEscape(start) + "&se=" + url.QueryEscape(expiry) + "&sp=r"
}

func (e *Environment) signature(name, start, expiry string) string {
	mac := hmac.New(sha256.New, e.key)
	fmt.Fprintf(mac, "r\n%s\n%s\n%s", start, expiry, name)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Blobs serves the packages, as Azure Storage does: a URL with a valid signature is enough to get one.
func (e *Environment) Blobs() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		b, refusal := e.requested(r)
		e.mu.Unlock()
		w.Header().Set("Server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0")
		w.Header().Set("x-ms-request-id", strings.ToLower(newID()))
		w.Header().Set("x-ms-version", "2014-02-14")
		if refusal != nil {
			refusal.write(w)
			return
		}
		b.serve(w, r)
	})
}

// requested returns the package that a request is for. The lock is held.
func (e *Environment) requested(r *http.Request) (*blob, *blobError) {
	name, in := strings.CutPrefix(r.URL.Path, container)
	q := r.URL.Query()
	start, startErr := time.Parse(sasTime, q.Get("st"))
	expiry, expiryErr := time.Parse(sasTime, q.Get("se"))
	now := e.now()
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return nil, &blobError{http.StatusMethodNotAllowed, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb."}
	case r.Header.Get("Authorization") != "":
		return nil, &blobError{http.StatusBadRequest, "InvalidAuthenticationInfo", "Authentication information is not given in the correct format. Check the value of Authorization header."}
	case !in || startErr != nil || expiryErr != nil || q.Get("sp") != "r" || q.Get("sr") != "b" || q.Get("sv") == "",
		!hmac.Equal([]byte(q.Get("sig")), []byte(e.signature(name, q.Get("st"), q.Get("se")))), now.Before(start), !now.Before(expiry):
		return nil, authenticationFailed()
	}
	b := e.blobs[name]
	if b == nil || !now.Before(b.made.Add(packageLife)) {
		return nil, &blobError{http.StatusNotFound, "BlobNotFound", "The specified blob does not exist."}
	}
	return b, nil
}

// serve sends a package or a range of it.
func (b *blob) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	if match := r.Header.Get("If-Match"); match != "" && match != "*" && match != b.etag {
		(&blobError{http.StatusPreconditionFailed, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."}).write(w)
		return
	}
	size := len(b.content)
	from, to, partial, ok := byteRange(r.Header.Get("Range"), size)
	if !ok {
		header.Set("Content-Range", "bytes */"+strconv.Itoa(size))
		(&blobError{http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The range specified is invalid for the current size of the resource."}).write(w)
		return
	}
	header.Set("ETag", b.etag)
	header.Set("Last-Modified", b.made.Format(http.TimeFormat))
	header.Set("Accept-Ranges", "bytes")
	header.Set("x-ms-blob-type", "BlockBlob")
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Length", strconv.Itoa(to-from))
	if partial {
		header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, size))
		w.WriteHeader(http.StatusPartialContent)
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(b.content[from:to])
	}
}

// byteRange reads a Range header with one range from a first byte on. Storage ignores what it cannot read. It reports false for
// a range outside the blob.
func byteRange(text string, size int) (from, to int, partial, ok bool) {
	first, last, found := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	from, err := strconv.Atoi(first)
	if text == "" || !found || err != nil || from < 0 {
		return 0, size, false, true
	}
	if from >= size {
		return 0, 0, false, false
	}
	if to, err = strconv.Atoi(last); err != nil || to >= size {
		to = size - 1
	}
	return from, max(to, from) + 1, true, true
}

// blobError is a refusal of the storage.
type blobError struct {
	status        int
	code, message string
}

func authenticationFailed() *blobError {
	return &blobError{http.StatusForbidden, "AuthenticationFailed", "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature."}
}

func (b *blobError) write(w http.ResponseWriter) {
	w.Header().Set("x-ms-error-code", b.code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(b.status)
	_, _ = w.Write([]byte("\ufeff" + xmlHead + "<Error><Code>" + b.code + "</Code><Message>" + textEscapes.Replace(b.message) + "</Message></Error>"))
}
