package integration_tests_test

import (
	"net/http"

	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// prooflessFaults returns the rows of the matrix in which a proxy, a firewall or a plug-in refuses what Dataverse would serve.
func prooflessFaults() []matrixRow {
	html := func(status int) faults.Fault {
		return faults.Fault{Then: faults.Response{Status: status, Body: []byte("<html><body><h1>Request blocked</h1></body></html>")}}
	}
	empty := func(status int) faults.Fault {
		return faults.Fault{Then: faults.Response{Status: status, Body: []byte{}, ContentType: "application/json"}}
	}
	argument := faults.Fault{Then: faults.Error{Status: http.StatusBadRequest, Code: "0x80040203", Message: "Invalid argument."}}
	return []matrixRow{
		{name: "400 with HTML", want: ofService(exact), faults: each(html(http.StatusBadRequest)), built: true},
		{name: "400 with HTML, without end", want: ofService("outage"), faults: always(html(http.StatusBadRequest))},
		{name: "404 with HTML", want: ofService(exact), faults: each(html(http.StatusNotFound))},
		{name: "404 with HTML, without end", want: ofService("outage"), faults: always(html(http.StatusNotFound))},
		{name: "404 without a body", want: ofService(exact), faults: each(empty(http.StatusNotFound))},
		{name: "410 without a body", want: ofService(exact), faults: each(empty(http.StatusGone))},
		{name: "410 without a body, without end", want: ofService("outage"), faults: always(empty(http.StatusGone))},
		{name: "400 0x80040265, refused by a plug-in", want: ofService(exact), faults: each(faults.PluginError(http.StatusBadRequest))},
		{name: "400 0x80040265, without end", want: ofService("outage"), faults: always(faults.PluginError(http.StatusBadRequest))},
		{name: "400 0x80040203, invalid argument", want: ofService(exact), faults: each(argument)},
		{name: "400 0x80040203, without end", want: ofService("outage"), faults: always(argument)},
	}
}
