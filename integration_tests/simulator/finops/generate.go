package finops

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// None is the date of a field without a date: finance and operations has no nulls.
const None = "1900-01-01"

// generated returns the value of a field in the n-th generated row, in the form that Environment.Rows describes.
func (t *table) generated(f *Field, n int) string {
	draw := rows.Draw(rows.Mix(t.salt, rows.HashString(f.Name)), rows.Word(n))
	if f.Key {
		return keyValue(f, n)
	}
	switch f.Type {
	case String:
		return textValue(f, n, draw)
	case Int32:
		return strconv.Itoa(int(draw%200_000) - 100_000)
	case Int64:
		return strconv.FormatInt(5_637_144_576+int64(draw%(1<<40)), 10) // record ids begin there
	case Decimal:
		return decimalValue(f, draw)
	case Enum:
		members := f.members()
		return members[draw%uint64(len(members))]
	case Date:
		if draw%7 == 0 {
			return None
		}
		return day(draw).Format(time.DateOnly)
	case DateTime:
		if draw%7 == 0 {
			return None + " 00:00:00"
		}
		return day(draw).Add(time.Duration(draw>>32%86_400) * time.Second).Format(time.DateTime)
	case GUID:
		return strings.ToUpper(guid.Derived(f.Name, strconv.FormatUint(draw, 16)))
	default:
		return ""
	}
}

// keyValue returns the value of a part of a key. Texts have leading zeros, which must not be lost.
func keyValue(f *Field, n int) string {
	switch f.Type {
	case Int32, Int64:
		return strconv.Itoa(n%4 + 1)
	case Decimal:
		return fmt.Sprintf("%d.%s", n+1, strings.Repeat("0", f.scale()))
	case Date:
		return day(rows.Word(n)).Format(time.DateOnly)
	default:
		return fmt.Sprintf("%06d", n+1)
	}
}

// textValue returns a text, some of which each kind of file has to escape.
func textValue(f *Field, n int, draw uint64) string {
	if f.Long && draw%5 == 0 {
		return strings.Repeat("long text ", 30) + strconv.Itoa(n)
	}
	switch draw % 11 {
	case 0:
		return ""
	case 1:
		return "Müller & Söhne, \"Köln\" <GmbH>"
	case 2:
		return "first line\nsecond line"
	case 3:
		return "0001"
	case 4:
		return "a;b,c|d:e"
	case 5:
		return "_x000D_ literally"
	default:
		return f.Name + " " + strconv.Itoa(n+1)
	}
}

// decimalValue returns a number, some of which files write without a zero before the point.
func decimalValue(f *Field, draw uint64) string {
	decimals := strings.Repeat("0", f.scale())
	switch draw % 6 {
	case 0:
		return "0." + decimals
	case 1:
		return "-0.5" + decimals[1:]
	case 2:
		return "0.25" + decimals[2:]
	default:
		fraction := fmt.Sprintf("%06d", draw>>16%1_000_000)
		return strconv.FormatUint(draw>>40%1_000_000, 10) + "." + fraction + decimals[len(fraction):]
	}
}

// day returns a day of the years from 1950 to 2025.
func day(draw uint64) time.Time {
	return time.Date(1950, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(draw%27_000))
}

func (f *Field) scale() int {
	if f.Scale > 0 {
		return max(f.Scale, 6)
	}
	return 16
}

func (f *Field) members() []string {
	if f.Members == nil {
		return []string{"No", "Yes"}
	}
	return f.Members
}

func (f *Field) enum() string {
	if f.Enum == "" {
		return "NoYes"
	}
	return f.Enum
}
