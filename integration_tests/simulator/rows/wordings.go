package rows

import (
	"encoding/base64"
	"maps"
	"strconv"
)

// wordings returns the words of columns that are called the same in every table that has them. Nil is a column that
// nobody fills.
func (v *vocabulary) wordings() map[string]wording {
	all := map[string]wording{
		"partitionid": numbered("Device-ABC-", 50, ""), "contoso_deviceid": numbered("Device-", 5000, ""),
		"category": v.free(v.jobs), "subcategory": v.free(v.units), "subject": v.free(v.titles), "title": v.free(v.titles),
		"filename": numbered("offer ", 1000, ".pdf"), "documentbody": document, "body": document,
		"mimetype": among("text/plain", "application/pdf", "image/png"), "traversedpath": guidText, "sharelinkqualifier": nil,
		"stepname":     among("1-Qualify", "2-Develop", "3-Propose", "4-Close"),
		"currencyname": v.free(v.currencies), "isocurrencycode": among("USD", "EUR", "GBP", "JPY", "PLN"),
		"currencysymbol": among("$", "€", "£", "¥", "zł"), "costcenter": numbered("CC-", 1000, ""),
		"code": among("en", "de", "fr", "ja"), "language": among("English", "German", "French", "Japanese"), "region": among("US", "DE", "FR", "JP"),
		"dateformatstring": among("M/d/yyyy", "dd.MM.yyyy", "yyyy-MM-dd"), "timeformatstring": among("h:mm tt", "HH:mm"),
		"homepagearea": among("<Default>", "Workplace"), "uniquename": nil,
		"typename": numbered("Contoso.Plugins.Handler", 100, ", Contoso.Plugins, Version=1.0.0.0"),
		"formxml":  among("<form><tabs/></form>"), "formxmlmanaged": nil, "formjson": among(`{\"Type\":2}`),
	}
	for _, more := range []map[string]wording{v.ofPeople(), v.ofFirms(), v.ofAddresses()} {
		maps.Copy(all, more)
	}
	return all
}

func (v *vocabulary) ofPeople() map[string]wording {
	return map[string]wording{
		"firstname": v.free(v.given), "lastname": v.free(v.family), "middlename": letters(1), "nickname": v.free(v.given),
		"yomifullname": v.person, "spousesname": v.person, "childrensnames": v.free(v.given),
		"salutation": among("Mr.", "Ms.", "Dr.", "Frau", "Sra."), "jobtitle": v.free(v.jobs), "employeeid": numbered("E", 100_000, ""),
		"department": v.free(v.units), "divisionname": v.free(v.units), "domainname": numbered("user", 100_000, "@contoso.onmicrosoft.com"),
		"windowsliveid": numbered("user", 100_000, "@contoso.onmicrosoft.com"), "managername": v.person, "assistantname": v.person,
		"suffix": among("Jr.", "PhD", "MBA"), "governmentid": numbered("", 1_000_000_000, ""), "externaluseridentifier": guidText, "pager": phoneNumber,
		"phonenumber": phoneNumber, "fax": phoneNumber, "sender": emailAddress, "addressused": emailAddress, "emailusername": emailAddress,
		"torecipients": func(dst []byte, h uint64) []byte { return emailAddress(append(emailAddress(dst, h), ';'), Draw(h, 1)) },
		"messageid":    numbered("<", 1<<40, "@example.com>"), "inreplyto": numbered("<", 1<<40, "@example.com>"),
		"trackingtoken": numbered("CRM:", 10_000_000, ""), "exchangeitemid": letters(40), "conversationindex": letters(44),
	}
}

func (v *vocabulary) ofFirms() map[string]wording {
	return map[string]wording{
		"accountnumber": numbered("A", 1_000_000, ""), "sic": numbered("", 10_000, ""), "stockexchange": among("NYSE", "NASDAQ", "XETRA", "TSE"),
		"primarytwitterid": numbered("@contoso", 10_000, ""), "primarysatoriid": nil, "timespentbymeonemailandmeetings": numbered("", 9, " h"),
	}
}

// ofAddresses returns the parts of a postal address, whatever its number.
func (v *vocabulary) ofAddresses() map[string]wording {
	return map[string]wording{
		"address_name": among("Head Office", "Warehouse", "Branch"), "address_primarycontactname": v.person,
		"address_line1": v.street, "address_line2": numbered("Suite ", 900, ""), "address_line3": nil,
		"address_city": v.free(v.cities), "address_county": numbered("District ", 30, ""),
		"address_stateorprovince": among("WA", "Bayern", "SP", "łódzkie", "東京都"), "address_country": v.free(v.countries),
		"address_postalcode": numbered("9", 10_000, ""), "address_postofficebox": numbered("P.O. Box ", 1000, ""),
		"address_upszone": numbered("", 300, ""), "address_fax": phoneNumber,
	}
}

func (v *vocabulary) street(dst []byte, h uint64) []byte {
	d := dice(h)
	dst = append(strconv.AppendInt(dst, int64(d.roll(200)+1), 10), ' ')
	return v.odd(d.say(dst, v.streets), &d)
}

func emailAddress(dst []byte, h uint64) []byte {
	return append(strconv.AppendUint(append(dst, "user"...), below(h, 100_000), 10), "@example.com"...)
}

// document returns a file as base64.
func document(dst []byte, h uint64) []byte {
	return base64.StdEncoding.AppendEncode(dst, strconv.AppendUint([]byte("%PDF-1.7\n%"), h, 36))
}

// phoneNumber returns one of the numbers that are reserved for fiction.
func phoneNumber(dst []byte, h uint64) []byte {
	dst = strconv.AppendUint(append(dst, "+1 ("...), 200+h%800, 10)
	return strconv.AppendUint(append(dst, ") 555-01"...), 10+h>>32%90, 10)
}

func guidText(dst []byte, h uint64) []byte { return randomID(h).AppendTo(dst) }

// among draws one of several words.
func among(words ...string) wording {
	return func(dst []byte, h uint64) []byte { return append(dst, words[below(h, Word(len(words)))]...) }
}

// numbered puts a number below limit between two words.
func numbered(before string, limit uint64, behind string) wording {
	return func(dst []byte, h uint64) []byte {
		return append(strconv.AppendUint(append(dst, before...), below(h, limit), 10), behind...)
	}
}

// letters returns so many capital letters.
func letters(n int) wording {
	return func(dst []byte, h uint64) []byte {
		for i := range n {
			dst = append(dst, 'A'+byte(Draw(h, Word(i))%26))
		}
		return dst
	}
}
