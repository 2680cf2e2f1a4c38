package replicate

import (
	"hash/maphash"
	"slices"

	"source-microsoft-dataverse/source/dataverse"
)

// sink returns the sink of the page.
func (p *pageReader) sink() dataverse.Sink {
	if p.encoder != nil {
		return p.encoder
	}
	return p.keySink
}

// rows returns the number of rows on the page.
func (p *pageReader) rows() int {
	if p.encoder != nil {
		return p.encoder.Len()
	}
	return len(p.keySink.Keys())
}

// deleted returns the keys of the page's deletions.
func (p *pageReader) deleted() []string {
	if p.encoder != nil {
		return p.encoder.Deleted()
	}
	return p.keySink.Deleted()
}

// rowKeys returns the keys of the page's rows.
func (p *pageReader) rowKeys() []string {
	if p.keySink != nil {
		return p.keySink.Keys()
	}
	var keys []string
	p.encoder.Keys(func(key []byte) { keys = append(keys, string(key)) })
	return keys
}

// hold reports whether the page has a row or a deletion with the key.
func (p *pageReader) hold(key string) bool {
	if slices.Contains(p.deleted(), key) {
		return true
	}
	if p.keySink != nil {
		return slices.Contains(p.keySink.Keys(), key)
	}
	found := false
	p.encoder.Keys(func(other []byte) { found = found || string(other) == key })
	return found
}

// content returns a hash of the page's keys in order.
func (p *pageReader) content() uint64 {
	var hash maphash.Hash
	hash.SetSeed(p.seed)
	write := func(key string) {
		_, _ = hash.WriteString(key)
		_ = hash.WriteByte(0)
	}
	if p.encoder != nil {
		p.encoder.Keys(func(key []byte) {
			_, _ = hash.Write(key)
			_ = hash.WriteByte(0)
		})
	} else {
		for _, key := range p.keySink.Keys() {
			write(key)
		}
	}
	for _, key := range p.deleted() {
		write(key)
	}
	return hash.Sum64()
}
