package webapi

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// generated returns all rows of a table as the service prints them, without quotes; null is missing.
func (s service) generated(table string) []map[string]string {
	var all []map[string]string
	for _, row := range edit.Rows(s.env, table) {
		shown := map[string]string{}
		for name, raw := range row {
			if string(raw) != "null" {
				shown[name] = odata.Plain(raw)
			}
		}
		all = append(all, shown)
	}
	return all
}

func TestGeneratedRowsMakeSense(t *testing.T) {
	s := newService(t, nil, func(o *rows.Options) { o.DefaultRows = 300 })

	t.Run("a row is not changed before it is made, nor after now", func(t *testing.T) {
		now := s.now.Format(time.RFC3339)
		for _, table := range s.env.Tables() {
			for _, row := range s.generated(table.LogicalName) {
				if row["modifiedon"] != "" {
					require.LessOrEqual(t, row["createdon"], row["modifiedon"], table.LogicalName)
					require.LessOrEqual(t, row["modifiedon"], now, table.LogicalName)
				}
			}
		}
	})
	t.Run("a later change has a higher version", func(t *testing.T) {
		for _, set := range []string{"accounts", "contoso_sensordatas"} {
			before := ""
			for _, at := range column([]content{s.get(set + "?$orderby=versionnumber&$select=modifiedon")}, "modifiedon") {
				require.Less(t, before, at)
				before = at
			}
		}
	})
	t.Run("a number is within its column's bounds", func(t *testing.T) {
		for _, table := range s.env.Tables() {
			for _, row := range s.generated(table.LogicalName) {
				for i := range table.Columns {
					c := &table.Columns[i]
					n, err := strconv.ParseFloat(row[c.LogicalName], 64)
					if err == nil && (c.Type == schema.Integer || c.Type == schema.Double || c.Type == schema.Decimal || c.Type == schema.Money) {
						require.True(t, edit.Within(c, n), "%s.%s: %f", table.LogicalName, c.LogicalName, n)
					}
				}
			}
		}
	})
	t.Run("a rollup has a time, and a state that shows whether it was calculated", func(t *testing.T) {
		for _, row := range s.generated("account") {
			_, calculated := row["openrevenue"]
			_, timed := row["openrevenue_date"]
			require.Equal(t, calculated, timed)
			require.Equal(t, strconv.Itoa(odata.Btoi(calculated)), row["openrevenue_state"])
		}
	})
	t.Run("a status belongs to its state", func(t *testing.T) {
		for _, table := range s.env.Tables() {
			for _, row := range s.generated(table.LogicalName) {
				for _, o := range statuses(table) {
					if strconv.Itoa(o.Value) == row["statuscode"] {
						require.Equal(t, row["statecode"], strconv.Itoa(o.State), table.LogicalName)
					}
				}
			}
		}
	})
}

func TestGeneratedRowsAgreeWithEachOther(t *testing.T) {
	s := newService(t, nil, func(o *rows.Options) { o.DefaultRows = 300 })

	t.Run("no row is its own parent, and only a merged row has a master", func(t *testing.T) {
		for _, row := range s.generated("account") {
			require.NotEqual(t, row["accountid"], row["_parentaccountid_value"])
			require.Equal(t, row["merged"] == "true", row["_masterid_value"] != "")
		}
	})
	t.Run("an activity is of its own kind", func(t *testing.T) {
		for _, table := range []string{"task", "email", "phonecall"} {
			for _, row := range s.generated(table) {
				require.Equal(t, table, row["activitytypecode"])
			}
		}
	})
	t.Run("the signed-in user belongs to the root business unit, which has no parent", func(t *testing.T) {
		assert.Equal(t, s.env.BusinessUnit(), s.generated("systemuser")[0]["_businessunitid_value"])
		assert.NotContains(t, s.generated("businessunit")[0], "_parentbusinessunitid_value")
		assert.Equal(t, s.env.Organization(), s.generated("systemuser")[0]["organizationid"])
		assert.Equal(t, "false", s.generated("systemuser")[0]["isdisabled"])
	})
	t.Run("the settings of users have the ids of users", func(t *testing.T) {
		assert.Equal(t, s.ids("systemuser"), s.ids("usersettings"))
	})
	t.Run("no two rows of an N:N table join the same pair", func(t *testing.T) {
		seen := map[string]bool{}
		for _, table := range []string{"systemuserroles", "teammembership"} {
			for _, row := range s.generated(table) {
				pair := row["systemuserid"] + row["roleid"] + row["teamid"]
				require.Len(t, pair, 72)
				require.False(t, seen[pair])
				seen[pair] = true
			}
		}
	})
}

func statuses(t *schema.Table) []schema.Option {
	if c := t.Column("statuscode"); c != nil {
		return c.Options
	}
	return nil
}

func TestGeneratedTextsMakeSense(t *testing.T) {
	s := newService(t, nil, func(o *rows.Options) { o.DefaultRows = 300 })
	for column, form := range map[string]string{
		"websiteurl": `^https://www\.example\.com/`, "ftpsiteurl": `^ftp://`, "emailaddress1": `^user\d+@example\.com$`,
		"telephone1": `^\+1 \([2-9]\d\d\) 555-01\d\d$`, "tickersymbol": `^[A-Z]{4}$`, "address1_upszone": `^\d{1,3}$`,
		"entityimage_url": `^/Image/download\.aspx\?Entity=account&Attribute=entityimage&Id=`,
	} {
		t.Run(column+" looks like one", func(t *testing.T) {
			found := 0
			for _, row := range s.generated("account") {
				if text, filled := row[column]; filled {
					found++
					require.Regexp(t, form, text)
				}
			}
			assert.Positive(t, found)
		})
	}
	t.Run("an image's address carries its id", func(t *testing.T) {
		for _, row := range s.generated("account") {
			if address := row["entityimage_url"]; address != "" {
				require.Contains(t, address, "&Id="+row["entityimageid"]+"&Timestamp="+row["entityimage_timestamp"])
			}
		}
	})
	t.Run("JSON columns hold JSON", func(t *testing.T) {
		for _, row := range s.generated("contoso_everything") {
			if text := row["contoso_json"]; text != "" {
				require.True(t, json.Valid([]byte(text)), text)
			}
		}
	})
}

func TestComposedValues(t *testing.T) {
	s := newService(t, map[string]int{"contact": 40})
	joined := func(words ...string) string {
		return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	}
	t.Run("a full name is made of the first and the last", func(t *testing.T) {
		for _, row := range s.generated("contact") {
			require.Equal(t, joined(row["firstname"], row["lastname"]), joined(row["fullname"]))
		}
	})
	t.Run("it follows them, and cannot be written", func(t *testing.T) {
		id := s.ids("contact")[0]
		require.NoError(t, edit.Update(s.env, "contact", id, map[string]any{"firstname": "Ann", "lastname": "O'Neil", "fullname": "Somebody Else"}))
		assert.Equal(t, "Ann O'Neil", s.generated("contact")[0]["fullname"])
		require.NoError(t, edit.Update(s.env, "contact", id, map[string]any{"firstname": nil, "lastname": nil}))
		assert.NotContains(t, s.generated("contact")[0], "fullname")
	})
	t.Run("an address is made of its lines", func(t *testing.T) {
		id := s.create("contact", map[string]any{"address1_line1": "1 Main St.", "address1_city": "Redmond", "address1_stateorprovince": "WA",
			"address1_postalcode": "98052", "address1_country": "USA", "address2_country": "Polska"})
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(s.do("GET", "contacts("+id+")", "").body), &row))
		assert.Equal(t, "1 Main St.\r\nRedmond, WA 98052\r\nUSA", row["address1_composite"])
		assert.Equal(t, "Polska", row["address2_composite"])
	})
}

func TestNothingIsGeneratedAheadOfTheClock(t *testing.T) {
	early := time.Date(2019, time.May, 4, 0, 0, 0, 0, time.UTC)
	s := newService(t, map[string]int{"account": 100, "contoso_sensordata": 100}, func(o *rows.Options) { o.Clock = func() time.Time { return early } })
	for _, table := range []string{"account", "contoso_sensordata"} {
		for _, row := range s.generated(table) {
			require.Less(t, row["modifiedon"], "2019-05-04")
			require.LessOrEqual(t, row["createdon"], row["modifiedon"])
		}
	}
}
