package checkpoint_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

func packageSync(job string) checkpoint.PackageSync {
	return checkpoint.PackageSync{
		Project: "Sales", Entity: "Customers", Job: job, Columns: []string{"Amount", "CustomerId"}, Now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC),
	}
}

func TestStateOfAPackageIsOpenedAsItsJobAllows(t *testing.T) {
	open := func(rows int64, age time.Duration) *checkpoint.OpenExecution {
		return &checkpoint.OpenExecution{ID: "x", Company: "USMF", Requested: packageSync("").Now.Add(-age), Rows: rows}
	}
	saved := func(job string, change func(*checkpoint.Package)) *checkpoint.Package {
		s := &checkpoint.Package{Project: "Sales", Entity: "Customers", Job: job, Columns: []string{"Amount", "CustomerId"}}
		change(s)
		return s
	}
	for name, c := range map[string]struct {
		saved   *checkpoint.Package
		job     string
		opening checkpoint.FullOpening
		done    []string
		rows    int64 // of the open execution, -1 if there is none
	}{
		"no state": {nil, "7", checkpoint.FullRefreshBegins, nil, -1},
		"the same job, in a file": {
			saved("7", func(s *checkpoint.Package) { s.Done, s.Open = []string{"DEMF"}, open(5, time.Hour) }), "7", checkpoint.FullRefreshResumed, []string{"DEMF"}, 5,
		},
		"the same job, before any row": {
			saved("7", func(s *checkpoint.Package) { s.Open = open(0, time.Hour) }), "7", checkpoint.FullRefreshBegins, nil, 0,
		},
		"the same job, an old execution": {
			saved("7", func(s *checkpoint.Package) { s.Open = open(5, 100*time.Hour) }), "7", checkpoint.FullRefreshResumed, nil, 5,
		},
		"the same job, complete": {
			saved("7", func(s *checkpoint.Package) { s.Done, s.Complete = []string{"USMF"}, true }), "7", checkpoint.FullRefreshDone, []string{"USMF"}, -1,
		},
		"a later job, complete": {
			saved("7", func(s *checkpoint.Package) { s.Done, s.Complete = []string{"USMF"}, true }), "8", checkpoint.FullRefreshBegins, nil, -1,
		},
		"outside the platform, complete": {
			saved("", func(s *checkpoint.Package) { s.Done, s.Complete = []string{"USMF"}, true }), "", checkpoint.FullRefreshBegins, nil, -1,
		},
		"outside the platform, in a file": {
			saved("", func(s *checkpoint.Package) { s.Open = open(5, time.Hour) }), "", checkpoint.FullRefreshResumed, nil, 5,
		},
		"a later job goes on with the execution": {
			saved("7", func(s *checkpoint.Package) { s.Done, s.Open = []string{"DEMF"}, open(5, time.Hour) }), "8", checkpoint.FullRefreshBegins, nil, 0,
		},
		"a later job leaves an old execution": {
			saved("7", func(s *checkpoint.Package) { s.Open = open(5, 25*time.Hour) }), "8", checkpoint.FullRefreshBegins, nil, -1,
		},
		"other columns": {
			saved("7", func(s *checkpoint.Package) { s.Columns, s.Open = []string{"CustomerId"}, open(5, time.Hour) }), "7", checkpoint.FullRefreshRestarted, nil, 0,
		},
		"another project": {
			saved("7", func(s *checkpoint.Package) { s.Project, s.Open = "Other", open(5, time.Hour) }), "7", checkpoint.FullRefreshBegins, nil, -1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, opening := packageSync(c.job).Open(c.saved)
			assert.Equal(t, c.opening, opening)
			assert.Equal(t, c.done, s.Done)
			rows := int64(-1)
			if s.Open != nil {
				rows = s.Open.Rows
			}
			assert.Equal(t, c.rows, rows)
		})
	}
}

func TestStateOfAPackageIsReadAsItWasWritten(t *testing.T) {
	s, _ := packageSync("7").Open(nil)
	s.Begin("x", "USMF", packageSync("").Now)
	s.Open.Rows = 50_000
	raw, err := s.Encode()
	require.NoError(t, err)
	read, err := checkpoint.ParsePackage(raw)
	require.NoError(t, err)
	assert.Equal(t, checkpoint.Version, read.Version)
	read.Version, read.Phase = s.Version, s.Phase
	assert.Equal(t, s, read)
}

func TestStateOfAnythingElseIsNoStateOfAPackage(t *testing.T) {
	for _, none := range []string{"", "null", "{}", `{"__ab_full_refresh_sync_complete":true}`} {
		s, err := checkpoint.ParsePackage([]byte(none))
		require.NoError(t, err)
		assert.Nil(t, s)
	}
	for _, bad := range []string{
		`{"version":2,"phase":"full_refresh"}`, `{"version":1,"phase":"package"}`, `{"version":2,"phase":"package","open":{"execution":"x"}}`,
		`{"version":2,"phase":"package","open":{"execution":"x","company":"USMF","rows":-1}}`, `{"version":2,"phase":"package","done":1}`,
	} {
		_, err := checkpoint.ParsePackage([]byte(bad))
		require.ErrorIs(t, err, checkpoint.ErrBadState, bad)
	}
	var future *checkpoint.FutureStateError
	_, err := checkpoint.ParsePackage([]byte(`{"version":9,"phase":"package"}`))
	require.ErrorAs(t, err, &future)
}
