package model_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

// drawTwo draws whether the connector reads with two application users. It has numbers of its own, so that the rest of a
// trial does not depend on it.
func drawTwo(seed uint64) bool { return one(rand.New(rand.NewPCG(seed, 0x75736572)), 3) }

// applications returns the application users of the environment.
func applications() []simulator.Application {
	second := simulator.DefaultApplication()
	second.ClientID, second.Secret = "00000000-0000-4000-8000-000000000002", "secret-of-the-second-user"
	return []simulator.Application{simulator.DefaultApplication(), second}
}

// furtherUsers returns the setting additional_credentials.
func (s switches) furtherUsers() []any {
	list := []any{}
	if s.two {
		second := applications()[1]
		list = append(list, map[string]any{
			"client_id": second.ClientID, "credentials": map[string]any{"auth_type": "client_secret", "client_secret": second.Secret},
		})
	}
	return list
}

// revocation is when one of two application users fails in a read, and how.
type revocation struct {
	user   int
	before int // the request for rows before which it fails, from 1; 0: before the read
	how    func(*simulator.Application)
	tokens bool // the tokens that were issued before are not valid either
}

// drawRevocation draws one for half of the reads, nil for the others.
func drawRevocation(seed uint64) *revocation {
	r := random(seed + 2)
	if one(r, 2) {
		return nil
	}
	v := &revocation{user: r.IntN(2), before: r.IntN(30)}
	switch r.IntN(4) {
	case 0:
		v.how = func(a *simulator.Application) { a.Disabled = true }
	case 1:
		v.how = func(a *simulator.Application) { a.NoRoles = true }
	case 2:
		v.how = func(a *simulator.Application) { a.NotMember = true }
	default:
		v.how, v.tokens = func(a *simulator.Application) { a.SecretExpired = true }, true
	}
	return v
}

// revoking lets an application user fail before one of the requests that pass admit. Those that failed in an earlier read
// work again. The returned function checks what a read logged of it.
func (w *world) revoking(c *connector, seed uint64, admit func(request) response) (func(request) response, func(*destination.Report, int) error) {
	for _, a := range applications() {
		c.server.ChangeApplication(a.ClientID, func(now *simulator.Application) { *now = a })
	}
	v := drawRevocation(seed)
	if !w.switches.two || v == nil {
		return admit, func(report *destination.Report, _ int) error { return blamed(report, 0, 0) }
	}
	revoked, sent := false, 0
	revoke := func() {
		revoked = true
		c.server.ChangeApplication(applications()[v.user].ClientID, v.how)
		if v.tokens {
			c.server.RevokeTokens()
		}
	}
	if v.before == 0 {
		revoke()
	}
	counted := func(q request) response {
		if sent++; sent == v.before {
			revoke()
		}
		return admit(q)
	}
	return counted, func(report *destination.Report, code int) error {
		switch {
		case v.before == 0 && code == 0:
			return blamed(report, 1, 1)
		case revoked:
			return blamed(report, 0, 1)
		default:
			return blamed(report, 0, 0)
		}
	}
}

// blamed checks how many warnings report that an application user cannot be used.
func blamed(report *destination.Report, least, most int) error {
	n := 0
	for _, l := range report.Logs {
		if l.Level == "WARN" && strings.Contains(l.Message, "pplication user") && strings.Contains(l.Message, "cannot be used") {
			n++
		}
	}
	if n < least || n > most {
		return fmt.Errorf("%d warnings of application users that cannot be used, instead of %d to %d", n, least, most)
	}
	return nil
}
