package finops_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops"
)

const (
	packageBytes = "PK the package of an execution"
	signature    = "SECRETsignature"
)

// storing returns a service whose package has urls and a blob.
func storing(blob func(r *http.Request) reply) (s *service, urls *int) {
	s, urls = newService(), new(int)
	s.actions["GetExportedPackageUrl"] = func(map[string]any) reply {
		*urls++
		return value(fmt.Sprintf("https://storage.blob.core.windows.net/dmf/package?n=%d&sig=%s", *urls, signature))
	}
	s.blob = blob
	return s, urls
}

// whole is the blob, or the part that a request asks for.
func whole(r *http.Request) reply {
	var from int
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); n == 1 {
		return reply{status: http.StatusPartialContent, body: packageBytes[from:], header: map[string]string{
			"Content-Range": fmt.Sprintf("bytes %d-%d/%d", from, len(packageBytes)-1, len(packageBytes)),
		}}
	}
	return reply{body: packageBytes, header: map[string]string{"ETag": `"1"`}}
}

func storageError(status int, code string) reply {
	return reply{status: status, header: map[string]string{"Content-Type": "application/xml"}, body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>` + code + `</Code></Error>`}
}

func content(t *testing.T, f *finops.File) string {
	t.Helper()
	require.NotNil(t, f)
	text, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return string(text)
}

func TestPackageIsDownloadedWithoutTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := storing(func(r *http.Request) reply {
			assert.Empty(t, r.Header.Get("Authorization"))
			return whole(r)
		})
		f, err := s.client(t, finops.Options{}).Download(t.Context(), "x", false)
		require.NoError(t, err)
		assert.Equal(t, packageBytes, content(t, f))
	})
}

func TestFileOfAPackageHasNoName(t *testing.T) {
	s, _ := storing(whole)
	folder := t.TempDir()
	f, err := finops.New(root, tokens{}, s, finops.Options{Folder: folder}).Download(t.Context(), "x", false)
	require.NoError(t, err)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.Equal(t, packageBytes, content(t, f))
}

func TestDownloadThatIsCutGoesOnWithTheLastByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ranges, matches []string
		s, urls := storing(func(r *http.Request) reply {
			ranges, matches = append(ranges, r.Header.Get("Range")), append(matches, r.Header.Get("If-Match"))
			part := whole(r)
			if len(part.body) > 10 {
				part.body, part.cut = part.body[:10], true
			}
			return part
		})
		f, err := s.client(t, finops.Options{}).Download(t.Context(), "x", false)
		require.NoError(t, err)
		assert.Equal(t, packageBytes, content(t, f))
		assert.Equal(t, []string{"", "bytes=10-", "bytes=20-"}, ranges)
		assert.Equal(t, []string{"", `"1"`, `"1"`}, matches)
		assert.Equal(t, 1, *urls)
	})
}

func TestDownloadOfAReplacedPackageStartsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := storing(nil)
		requests := 0
		s.blob = func(r *http.Request) reply {
			switch requests++; requests {
			case 1:
				return reply{body: "PK other", cut: true, header: map[string]string{"ETag": `"0"`}}
			case 2:
				assert.Equal(t, `"0"`, r.Header.Get("If-Match"))
				return storageError(http.StatusPreconditionFailed, "ConditionNotMet")
			default:
				return whole(r)
			}
		}
		f, err := s.client(t, finops.Options{}).Download(t.Context(), "x", false)
		require.NoError(t, err)
		assert.Equal(t, packageBytes, content(t, f))
	})
}

func TestUrlThatExpiredIsReplacedInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, urls := storing(func(r *http.Request) reply {
			if r.URL.Query().Get("n") == "1" && r.Header.Get("Range") != "" {
				return storageError(http.StatusForbidden, "AuthenticationFailed")
			}
			part := whole(r)
			if r.Header.Get("Range") == "" {
				part.body, part.cut = part.body[:7], true
			}
			return part
		})
		f, err := s.client(t, finops.Options{}).Download(t.Context(), "x", false)
		require.NoError(t, err)
		assert.Equal(t, packageBytes, content(t, f))
		assert.Equal(t, 2, *urls)
	})
}

func TestUrlsThatAreAllRefusedEndTheDownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, urls := storing(func(*http.Request) reply { return storageError(http.StatusForbidden, "AuthenticationFailed") })
		_, err := s.client(t, finops.Options{}).Download(t.Context(), "x", false)
		require.ErrorContains(t, err, "AuthenticationFailed")
		assert.Equal(t, 4, *urls)
		assert.NotContains(t, err.Error(), signature)
	})
}

func TestPackageThatWasRemovedIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := storing(func(*http.Request) reply { return storageError(http.StatusNotFound, "BlobNotFound") })
		_, err := s.client(t, finops.Options{}).Download(t.Context(), "x", false)
		var lost *finops.LostError
		require.ErrorAs(t, err, &lost)
	})
}

func TestProxyThatDoesNotFindThePackageProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := storing(func(*http.Request) reply {
			return reply{status: http.StatusNotFound, body: "<html><title>Not here</title>", header: map[string]string{"Content-Type": "text/html"}}
		})
		_, err := s.client(t, finops.Options{}).Download(t.Context(), "x", false)
		var lost *finops.LostError
		require.Error(t, err)
		assert.NotErrorAs(t, err, &lost)
		assert.NotContains(t, err.Error(), signature)
	})
}

func TestUrlThatIsEmptyAtFirstIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, urls := storing(whole)
		given := s.actions["GetExportedPackageUrl"]
		began := time.Now()
		s.actions["GetExportedPackageUrl"] = func(arguments map[string]any) reply {
			if time.Since(began) < 5*time.Minute {
				return value("")
			}
			return given(arguments)
		}
		f, err := s.client(t, finops.Options{}).Download(t.Context(), "x", false)
		require.NoError(t, err)
		assert.Equal(t, packageBytes, content(t, f))
		assert.Equal(t, 1, *urls)
	})
}

func TestExecutionWithoutAUrlHasNoPackage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := storing(whole)
		s.actions["GetExportedPackageUrl"] = func(map[string]any) reply { return value("") }
		began := time.Now()
		f, err := s.client(t, finops.Options{}).Download(t.Context(), "x", true)
		require.NoError(t, err)
		assert.Nil(t, f)
		short := time.Since(began)
		f, err = s.client(t, finops.Options{}).Download(t.Context(), "x", false)
		require.NoError(t, err)
		assert.Nil(t, f)
		assert.Less(t, short, time.Since(began)-short, "if no record was exported, a missing package is no surprise")
	})
}

func TestUrlsThatAreNotHTTPSAreNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := storing(whole)
		s.actions["GetExportedPackageUrl"] = func(map[string]any) reply {
			return value(strings.Join([]string{"http", "//storage.blob.core.windows.net/dmf/x"}, ":"))
		}
		_, err := s.client(t, finops.Options{}).Download(t.Context(), "x", false)
		require.Error(t, err)
		assert.Zero(t, s.count("blob"))
	})
}

func TestFolderThatCannotBeWrittenIsNamed(t *testing.T) {
	s, _ := storing(whole)
	_, err := finops.New(root, tokens{}, s, finops.Options{Folder: "/does/not/exist"}).Download(t.Context(), "x", false)
	var storage *finops.StorageError
	require.ErrorAs(t, err, &storage)
	assert.Equal(t, "/does/not/exist", storage.Folder)
}
