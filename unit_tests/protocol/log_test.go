package protocol_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/protocol"
)

type logged struct {
	level airbyte.LogLevel
	text  string
}

// logger returns a logger and what it has written so far.
func logger(level slog.Leveler) (*slog.Logger, *[]logged) {
	var lines []logged
	write := func(level airbyte.LogLevel, text string) error {
		lines = append(lines, logged{level, text})
		return nil
	}
	return slog.New(protocol.NewLogHandler(write, level)), &lines
}

func TestALogRecordIsItsMessageAndItsAttributes(t *testing.T) {
	tests := []struct {
		name string
		log  func(l *slog.Logger)
		want string
	}{
		{"a message alone", func(l *slog.Logger) { l.Info("all is well") }, "all is well"},
		{"attributes follow the message", func(l *slog.Logger) { l.Info("read", "table", "account", "rows", 5000) },
			"read table=account rows=5000"},
		{"ambiguous values are quoted", func(l *slog.Logger) { l.Info("m", "a", "b c", "d", "", "e", "f=g", "h", "i\nj") },
			`m a="b c" d="" e="f=g" h="i\nj"`},
		{"the logger's attributes come first", func(l *slog.Logger) { l.With("a", 1).Info("m", "b", 2) }, "m a=1 b=2"},
		{"a group's name comes before its keys", func(l *slog.Logger) {
			l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").Info("m", "c", 3)
		}, "m a=1 g.b=2 g.h.c=3"},
		{"a group attribute", func(l *slog.Logger) { l.Info("m", slog.Group("g", "a", 1, slog.Group("h", "b", 2))) },
			"m g.a=1 g.h.b=2"},
		{"a group without a name is put in line", func(l *slog.Logger) { l.Info("m", slog.Group("", "a", 1)) }, "m a=1"},
		{"an empty group is left out", func(l *slog.Logger) { l.Info("m", slog.Group("g")) }, "m"},
		{"an error", func(l *slog.Logger) { l.Info("m", "err", errors.New("no route")) }, `m err="no route"`},
		{"a duration", func(l *slog.Logger) { l.Info("m", "after", 1500*time.Millisecond) }, "m after=1.5s"},
		{"a time", func(l *slog.Logger) { l.Info("m", "at", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) },
			"m at=2026-01-02T03:04:05Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			log, lines := logger(slog.LevelInfo)
			test.log(log)
			assert.Equal(t, []logged{{airbyte.LogLevelInfo, test.want}}, *lines)
		})
	}
}

func TestLevelsBecomeTheProtocolsLevels(t *testing.T) {
	log, lines := logger(slog.LevelDebug)
	log.Debug("d")
	log.Info("i")
	log.Warn("w")
	log.Error("e")
	log.Log(t.Context(), slog.LevelError+4, "worse")
	want := []logged{
		{airbyte.LogLevelDebug, "d"}, {airbyte.LogLevelInfo, "i"}, {airbyte.LogLevelWarn, "w"},
		{airbyte.LogLevelError, "e"}, {airbyte.LogLevelError, "worse"},
	}
	assert.Equal(t, want, *lines)
}

func TestRecordsBelowTheLevelAreNotWritten(t *testing.T) {
	log, lines := logger(slog.LevelWarn)
	log.Info("i")
	log.Warn("w")
	assert.Equal(t, []logged{{airbyte.LogLevelWarn, "w"}}, *lines)
}

func TestTwoLoggersOfOneParentKeepTheirOwnAttributes(t *testing.T) {
	log, lines := logger(slog.LevelInfo)
	parent := log.With("p", 0)
	first, second := parent.With("a", 1), parent.With("b", 2)
	first.Info("m")
	second.Info("m")
	assert.Equal(t, []logged{{airbyte.LogLevelInfo, "m p=0 a=1"}, {airbyte.LogLevelInfo, "m p=0 b=2"}}, *lines)
}
