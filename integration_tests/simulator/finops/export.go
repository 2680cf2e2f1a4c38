package finops

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"
)

// file is a file of a package.
type file struct {
	name    string
	content *packed
}

// export exports the lines of a project as a run does. The rows are those of now. The lock is held.
func (e *Environment) export(r *run, p *Project, packageName string) {
	var files []file
	rows, failed := 0, 0
	for i := range p.Lines {
		line := p.Lines[i]
		if line.Disabled {
			continue
		}
		l := lineRun{line: line, entity: e.entity(line.Entity)}
		switch {
		case line.Unmapped:
		case r.outcome.Fails || r.outcome.Canceled || slices.Contains(r.outcome.Failing, line.Entity):
			l.failed, l.message = true, "The export of the entity was aborted."
			e.moveWatermark(r, &l, !e.options.Behaviors.FailureKeeps)
		default:
			files = append(files, e.exportLine(r, &l)...)
		}
		if l.failed {
			failed++
		}
		rows += l.rows
		r.lines = append(r.lines, l)
	}
	r.ended = ended(r, failed)
	if r.ended != Succeeded && r.ended != PartiallySucceeded || e.options.Behaviors.ZeroRows == NoPackage && rows == 0 {
		return
	}
	r.blob = e.store(packageName, r.outcome.edited(pack(e.manifest(p), header(p), files, r.requested)), r.requested)
}

// ended returns the status with which a run ends.
func ended(r *run, failed int) Status {
	switch {
	case r.outcome.Canceled:
		return Canceled
	case r.outcome.Fails || failed > 0 && failed == len(r.lines):
		return Failed
	case failed > 0:
		return PartiallySucceeded
	default:
		return Succeeded
	}
}

func (o *Outcome) edited(content []byte) []byte {
	if o.Edit == nil {
		return content
	}
	return o.Edit(content)
}

// exportLine exports one entity: no file or one.
func (e *Environment) exportLine(r *run, l *lineRun) []file {
	t := e.table(l.line.Entity, r.company)
	numbers := e.selected(r, l, t)
	e.moveWatermark(r, l, true)
	w := newWriter(e.format(l.line.Format), &l.line, l.entity, e.options.Behaviors, countOf(numbers))
	fields := l.line.fields(l.entity)
	values := make([]string, len(fields))
	for n := range numbers {
		for i, at := range fields {
			values[i] = t.value(&l.entity.Fields[at], n)
		}
		if message := w.row(values); message != "" {
			l.failed, l.message = true, message
			return nil
		}
		l.rows++
	}
	if l.rows == 0 && e.options.Behaviors.ZeroRows != HeaderOnly {
		return nil
	}
	return []file{{l.line.fileName(e.format(l.line.Format)), w.end()}}
}

func countOf(numbers iter.Seq[int]) int {
	count := 0
	for range numbers {
		count++
	}
	return count
}

// selected yields the numbers of the rows that a line exports.
func (e *Environment) selected(r *run, l *lineRun, t *table) iter.Seq[int] {
	from, moved := e.watermarks[watermark{r.project, l.line.Entity, r.company}]
	numbers := t.numbers()
	if l.line.Incremental && moved && !l.entity.NotTracked {
		numbers = t.since(from)
	}
	if l.line.First == 0 {
		return numbers
	}
	return func(yield func(int) bool) {
		left := l.line.First
		for n := range numbers {
			if left == 0 || !yield(n) {
				return
			}
			left--
		}
	}
}

// moveWatermark notes how far an incremental line is exported: up to the start of its run.
func (e *Environment) moveWatermark(r *run, l *lineRun, moves bool) {
	if l.line.Incremental && moves {
		e.watermarks[watermark{r.project, l.line.Entity, r.company}] = len(e.table(l.line.Entity, r.company).log)
	}
}

// fileName returns the name of the file of a line: the label without characters that Windows does not allow.
func (l *Line) fileName(f *Format) string {
	name := strings.Map(func(c rune) rune {
		if strings.ContainsRune(`\/:*?"<>|`, c) {
			return -1
		}
		return c
	}, l.Entity)
	return name + f.extension()
}

// pack makes a package, a zip archive with all files at its top.
func pack(manifest, header []byte, files []file, at time.Time) []byte {
	a := newArchive(at)
	a.add("Manifest.xml", newPackedText(string(manifest)))
	a.add("PackageHeader.xml", newPackedText(string(header)))
	for _, f := range files {
		a.add(f.name, f.content)
	}
	return a.bytes()
}

// messages returns the errors of a run, as GetExecutionErrors has them.
func (r *run) messages() []Message {
	if r.outcome.Errors != nil {
		return r.outcome.Errors
	}
	var list []Message
	for _, l := range r.lines {
		if l.failed {
			list = append(list, Message{Field: "", RecordID: "", Text: l.entity.Label + ": " + cmp.Or(l.message, "The export failed.")})
		}
	}
	return list
}
