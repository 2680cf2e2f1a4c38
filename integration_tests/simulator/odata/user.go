package odata

import (
	"context"
	"net/http"
)

// userKey is the key of the user in the context of a request.
type userKey struct{}

// WithUser returns a request of a user, given by its systemuserid.
func WithUser(r *http.Request, id string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), userKey{}, id))
}

// UserOf returns the systemuserid of the user whose request it is, empty for a request that was made without one.
func UserOf(r *http.Request) string {
	id, _ := r.Context().Value(userKey{}).(string)
	return id
}
