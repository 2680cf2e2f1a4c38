package record

import (
	"context"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// KeySink is a stand-in until the real one lands.
type KeySink struct{ e *Encoder }

// NewKeySink is a stand-in.
func NewKeySink(t dataverse.Table) *KeySink {
	plan, err := Compile(t, protocol.ConfiguredStream{Name: t.LogicalName, Columns: map[string]protocol.Property{t.PrimaryID: {}}})
	if err != nil {
		panic(err)
	}
	return &KeySink{e: NewEncoder(plan, Options{EmittedAt: func() int64 { return 0 }})}
}

func (k *KeySink) Begin(ctx context.Context, at time.Time) error { return k.e.Begin(ctx, at) }
func (k *KeySink) Discard()                                      { k.e.Discard() }
func (k *KeySink) FastRow(text []byte) int                       { return k.e.FastRow(text) }
func (k *KeySink) Row(d *jsontext.Decoder) error                 { return k.e.Row(d) }

// Keys is a stand-in.
func (k *KeySink) Keys() []string {
	var keys []string
	k.e.Keys(func(key []byte) { keys = append(keys, strings.ToLower(string(key))) })
	return keys
}

// Deleted is a stand-in.
func (k *KeySink) Deleted() []string { return k.e.Deleted() }

// Newest is a stand-in.
func (k *KeySink) Newest() (key string, version uint64, ok bool) { return "", 0, false }

// Newest is a stand-in.
func (e *Encoder) Newest() (key string, version uint64, ok bool) { return "", 0, false }
