package dataverse

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// gunzipper unpacks answers. It keeps the windows of finished answers for the next ones.
type gunzipper struct{ idle sync.Pool }

// gunzipped is an answer's body while it is unpacked. Close gives its window back.
type gunzipped struct {
	*gzip.Reader
	from *gunzipper
}

func (g gunzipped) Close() error {
	err := g.Reader.Close()
	g.from.idle.Put(g.Reader)
	return err
}

// open returns the answer's body as the service meant it. It is to be closed beside the answer's own.
func (g *gunzipper) open(answer *http.Response) (io.ReadCloser, error) {
	switch coding := strings.ToLower(answer.Header.Get("Content-Encoding")); coding {
	case "", "identity":
		return io.NopCloser(answer.Body), nil
	case "gzip":
		reader, ok := g.idle.Get().(*gzip.Reader)
		if !ok {
			reader = new(gzip.Reader)
		}
		if err := reader.Reset(answer.Body); err != nil {
			g.idle.Put(reader)
			return nil, &BrokenAnswerError{Reason: "its gzip header is broken", cause: err, passing: true}
		}
		return gunzipped{reader, g}, nil
	default:
		return nil, &BrokenAnswerError{Reason: fmt.Sprintf("it is encoded as %q, which was not asked for", coding), passing: true}
	}
}
