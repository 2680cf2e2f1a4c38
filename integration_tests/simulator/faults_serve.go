package simulator

import (
	"net/http"
	"strconv"
	"time"
)

// withFaults lets faults strike before the inner handler answers.
func (h *host) withFaults(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault, struck := h.faults.strike(r)
		if !struck {
			inner.ServeHTTP(w, r)
			return
		}
		if fault.Delay > 0 && !pause(r, fault.Delay) {
			return
		}
		if fault.CutAfter == 0 {
			h.fail(w, r, fault, inner)
			return
		}
		whole := newCapture(w.Header())
		h.fail(whole, r, fault, inner)
		whole.sendCut(w, fault.CutAfter)
	})
}

// pause waits, unless the client goes away before.
func pause(r *http.Request, delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// fail writes the fault's own answer, or the true one if the fault has none.
func (h *host) fail(w http.ResponseWriter, r *http.Request, fault Fault, inner http.Handler) {
	if fault.Status == 0 && fault.Body == nil {
		inner.ServeHTTP(w, r)
		return
	}
	status := fault.Status
	if status == 0 {
		status = http.StatusOK
	}
	if fault.RetryAfter != "" {
		w.Header().Set("Retry-After", fault.RetryAfter)
	}
	if fault.Challenge {
		h.challenge(w, r)
		return
	}
	if fault.Code != "" {
		refuse(status, fault.Code, "%s", fault.Message).write(w, r)
		return
	}
	contentType := fault.ContentType
	if contentType == "" {
		contentType = "text/html; charset=utf-8"
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(fault.Body)
}

// sendCut announces the whole length and sends less, whereupon net/http breaks the connection.
func (c *capture) sendCut(w http.ResponseWriter, after int) {
	w.Header().Set("Content-Length", strconv.Itoa(c.body.Len()))
	w.WriteHeader(c.code())
	_, _ = w.Write(c.body.Bytes()[:min(after, c.body.Len())])
}
