package replicate

import (
	"context"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// UserEnvironment is the environment as one of several application users sees it. It belongs to the stream that it was
// assigned to, and may change to another user by itself when the first one can no longer read the table.
type UserEnvironment interface {
	Environment
	Definitions
	Contents
	// User returns the name by which a state remembers the present user. It is never empty.
	User() string
	// ChangeToOwner changes to the user to which a delta token was issued, given by the name in the state, which may be
	// empty. It reports whether that is another user than the present one.
	ChangeToOwner(user string) bool
	// Delivered counts records that were read as the present user.
	Delivered(records int)
	// Close ends the assignment.
	Close()
}

// assign chooses the environment that the stream is read from. saved is nil if there is no state. The returned function
// ends the assignment.
func (r *streamReader) assign(saved *checkpoint.State) (end func()) {
	if r.job.Assign == nil {
		r.environment = r.job.Environment
		return func() {}
	}
	user := ""
	if saved != nil {
		user = saved.User
	}
	r.user = r.job.Assign(r.target.table.LogicalName, user)
	r.environment = r.user
	return r.user.Close
}

// definitions returns where the metadata of the stream comes from.
func (r *streamReader) definitions() Definitions {
	if r.user != nil {
		return r.user
	}
	return r.job.Definitions
}

// contents returns where the contents of files in the stream's rows come from: the user who reads the rows reads these too.
func (r *streamReader) contents() Contents {
	if r.user != nil {
		return r.user
	}
	return r.job.Contents
}

// userName returns the name of the present user for a state, empty if there is only one user.
func (r *streamReader) userName() string {
	if r.user == nil {
		return ""
	}
	return r.user.User()
}

// delivered counts records for the user who read them.
func (r *streamReader) delivered(records int) {
	if r.user != nil {
		r.user.Delivered(records)
	}
}

// asksOwner changes to the user to which the state's delta token was issued, once in a stream, after another user was
// refused the changes since it. Microsoft does not document whether a delta token holds for every user. It reports whether
// the same link is to be requested again.
func (r *streamReader) asksOwner(ctx context.Context, s *checkpoint.State, cause error) bool {
	if r.user == nil || r.ownerAsked || !returnsNoChanges(cause) || !r.user.ChangeToOwner(s.User) {
		return false
	}
	r.ownerAsked = true
	r.log.InfoContext(ctx, "Dataverse does not accept the delta token of another application user, so the one to which it was issued reads the changes.",
		"reason", cause.Error())
	return true
}
