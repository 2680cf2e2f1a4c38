package protocol

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/bitstrapped/airbyte"
)

// NewLogHandler returns a slog.Handler that writes each record of at least the given level as a LOG message. Its text is
// the record's message followed by its attributes as key=value, with a group's name and a dot before its keys. A level
// between two named levels of slog becomes the lower one.
func NewLogHandler(log airbyte.LogWriter, level slog.Leveler) slog.Handler {
	return &logHandler{log: log, level: level}
}

// ParseLevel returns the level that a value of the environment variable LOG_LEVEL names, in any letter case, and reports
// whether it names one. The names are those of the protocol's levels, of slog, and of Python's logging; trace means debug,
// and fatal and critical mean error.
func ParseLevel(text string) (level slog.Level, ok bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "trace", "debug":
		return slog.LevelDebug, true
	case "info":
		return slog.LevelInfo, true
	case "warn", "warning":
		return slog.LevelWarn, true
	case "error", "fatal", "critical":
		return slog.LevelError, true
	default:
		return slog.LevelInfo, false
	}
}

type logHandler struct {
	log    airbyte.LogWriter
	level  slog.Leveler
	prefix string // the open groups, each followed by a dot
	attrs  string // the attributes so far, each after a space
}

func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

func (h *logHandler) Handle(_ context.Context, record slog.Record) error {
	var text strings.Builder
	text.WriteString(record.Message)
	text.WriteString(h.attrs)
	record.Attrs(func(attr slog.Attr) bool {
		writeAttr(&text, h.prefix, attr)
		return true
	})
	return h.log(logLevel(record.Level), text.String())
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var text strings.Builder
	text.WriteString(h.attrs)
	for _, attr := range attrs {
		writeAttr(&text, h.prefix, attr)
	}
	next := *h
	next.attrs = text.String()
	return &next
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	next := *h
	next.prefix += name + "."
	return &next
}

// writeAttr follows the rules of slog.Handler: it resolves values, omits empty attributes and groups, and inlines groups
// without a name.
func writeAttr(text *strings.Builder, prefix string, attr slog.Attr) {
	value := attr.Value.Resolve()
	if attr.Key == "" && value.Equal(slog.Value{}) {
		return
	}
	if value.Kind() == slog.KindGroup {
		if attr.Key != "" {
			prefix += attr.Key + "."
		}
		for _, member := range value.Group() {
			writeAttr(text, prefix, member)
		}
		return
	}
	text.WriteByte(' ')
	text.WriteString(quoted(prefix + attr.Key))
	text.WriteByte('=')
	text.WriteString(quoted(valueText(value)))
}

func valueText(value slog.Value) string {
	switch value.Kind() {
	case slog.KindTime:
		return value.Time().Format(time.RFC3339Nano)
	case slog.KindAny:
		return fmt.Sprintf("%+v", value.Any())
	default:
		return value.String()
	}
}

// quoted quotes a text that would be ambiguous as a key or a value.
func quoted(text string) string {
	ambiguous := func(r rune) bool { return r == '"' || r == '=' || unicode.IsSpace(r) || !unicode.IsPrint(r) }
	if text == "" || slices.ContainsFunc([]rune(text), ambiguous) {
		return strconv.Quote(text)
	}
	return text
}

func logLevel(level slog.Level) airbyte.LogLevel {
	switch {
	case level < slog.LevelInfo:
		return airbyte.LogLevelDebug
	case level < slog.LevelWarn:
		return airbyte.LogLevelInfo
	case level < slog.LevelError:
		return airbyte.LogLevelWarn
	default:
		return airbyte.LogLevelError
	}
}
