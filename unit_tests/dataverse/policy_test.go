package dataverse_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
)

func TestRetryPolicyDecides(t *testing.T) {
	type attempts = dataverse.Attempts
	status := func(status int, code string) error { return &dataverse.APIError{Status: status, Code: code} }
	var (
		again    = dataverse.Decision{Again: true}
		giveUp   = dataverse.Decision{}
		pause    = dataverse.Decision{Again: true, PauseAll: true}
		pauseEnd = dataverse.Decision{PauseAll: true}
		timeout  = context.DeadlineExceeded
		unknown  = &net.DNSError{IsNotFound: true}
		broken   = &dataverse.BrokenResponseError{Reason: "it is no JSON"}
	)
	for name, c := range map[string]struct {
		err       error
		so        attempts
		expensive int // ExpensiveAttempts
		partial   int // PartialAttempts
		want      dataverse.Decision
	}{
		"an outage, first":                        {status(503, ""), attempts{Failed: 1}, 0, 0, again},
		"an outage, the last attempt":             {status(503, ""), attempts{Failed: 8}, 0, 0, giveUp},
		"an outage that asks for a pause":         {status(503, ""), attempts{Failed: 1, Asked: time.Second}, 0, 0, pause},
		"an outage without time left":             {status(503, ""), attempts{Failed: 1, Left: -1}, 0, 0, giveUp},
		"an outage of large pages":                {status(503, ""), attempts{Failed: 7}, 1, 0, again},
		"a limit":                                 {status(429, ""), attempts{}, 0, 0, pause},
		"a limit, however often":                  {status(400, dataverse.CodeThrottledTime), attempts{Failed: 8}, 1, 1, pause},
		"a limit without time left":               {status(429, ""), attempts{Left: -1}, 0, 0, pauseEnd},
		"a refusal for good":                      {status(403, dataverse.CodePrivilegeMissing), attempts{Failed: 1}, 0, 0, giveUp},
		"a refusal for good asking for a pause":   {status(403, dataverse.CodePrivilegeMissing), attempts{Failed: 1, Asked: time.Second}, 0, 0, giveUp},
		"an inconclusive refusal":                 {status(400, "0x80040265"), attempts{Failed: 2, Inconclusive: 2}, 0, 0, again},
		"an inconclusive refusal, third":          {status(400, "0x80040265"), attempts{Failed: 3, Inconclusive: 3}, 0, 0, giveUp},
		"inconclusive ones among others":          {status(503, ""), attempts{Failed: 6, Inconclusive: 2}, 0, 0, again},
		"a malformed response":                    {broken, attempts{Failed: 2, Malformed: 2}, 0, 0, again},
		"a malformed response, third":             {broken, attempts{Failed: 3, Malformed: 3}, 0, 0, giveUp},
		"a too expensive page":                    {status(504, ""), attempts{Failed: 1}, 1, 0, pauseEnd},
		"a too expensive page, smallest":          {status(504, ""), attempts{Failed: 1}, 0, 0, again},
		"a too expensive page, numbered":          {status(504, ""), attempts{Failed: 2}, 3, 0, again},
		"a too expensive page, numbered, third":   {status(504, ""), attempts{Failed: 3}, 3, 0, giveUp},
		"an attempt that took too long":           {timeout, attempts{Failed: 1}, 1, 0, pauseEnd},
		"500 on a large page, first":              {status(500, "0x80040216"), attempts{Failed: 1}, 1, 0, again},
		"500 on a large page, second":             {status(500, "0x80040216"), attempts{Failed: 2}, 1, 0, pauseEnd},
		"502 on a large page, second":             {status(502, ""), attempts{Failed: 2}, 1, 0, pauseEnd},
		"502 on a numbered page":                  {status(502, ""), attempts{Failed: 7}, 3, 0, again},
		"502 on the smallest page":                {status(502, ""), attempts{Failed: 7}, 0, 0, again},
		"a deadlock on a large page":              {status(500, "0x80044150"), attempts{Failed: 2}, 1, 0, again},
		"several tables of which one may fail":    {status(500, "0x80040216"), attempts{Failed: 1}, 0, 1, giveUp},
		"several tables, first of three attempts": {status(500, "0x80040216"), attempts{Failed: 1}, 0, 3, again},
		"several tables during an outage":         {status(503, ""), attempts{Failed: 5}, 0, 1, again},
		"a connection that broke":                 {errors.New("connection reset"), attempts{Failed: 1}, 1, 1, again},
		"a host that does not exist":              {unknown, attempts{Failed: 1}, 0, 0, giveUp},
		"a host that has existed":                 {unknown, attempts{Failed: 1, Reached: true}, 0, 0, again},
		"a certificate":                           {&tls.CertificateVerificationError{}, attempts{Failed: 1}, 0, 0, giveUp},
		"a response too large":                    {&dataverse.ResponseTooLargeError{}, attempts{Failed: 1}, 1, 0, giveUp},
		"a sink that failed":                      {dataverse.ErrSink, attempts{Failed: 1}, 0, 0, giveUp},
		"a link outside":                          {dataverse.ErrLinkOutside, attempts{Failed: 1}, 0, 0, giveUp},
	} {
		t.Run(name, func(t *testing.T) {
			if c.so.Left == 0 {
				c.so.Left = time.Minute
			}
			policy := dataverse.RetryPolicy{Attempts: 8, ExpensiveAttempts: c.expensive, PartialAttempts: c.partial}
			assert.Equal(t, c.want, policy.Decide(c.err, c.so))
		})
	}
}

func TestFailuresThatSmallerPagesMayAvoidAreTooExpensive(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		code   string
		want   bool
	}{
		"500":                       {500, "", true},
		"502":                       {502, "", true},
		"504":                       {504, "", true},
		"413":                       {413, "", true},
		"an unexpected error":       {500, "0x80040216", true},
		"a plug-in's failure":       {500, "0x80040265", true},
		"an SQL timeout":            {400, "0x80044151", true},
		"503":                       {503, "", false},
		"a deadlock":                {500, "0x80044150", false},
		"an expired token":          {500, dataverse.CodeTokenExpired, false},
		"a limit":                   {500, dataverse.CodeThrottledTime, false},
		"a sandbox that is missing": {500, "0x8004418d", false},
		"a bad request":             {400, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, dataverse.TooExpensive(&dataverse.APIError{Status: c.status, Code: c.code}))
		})
	}
}
