package gateway_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

func TestErasure(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	project, _ := ada.project("Engine")
	ada.post(project+"/members", m{"email": ben.email, "role": "member"}).want(201)
	ada.send("DELETE", "/api/v1/me", m{"password": "a wrong password"}).want(422).code("invalid", "password")
	plain, _ := ben.project("Ben's")
	joined := ben.post(plain+"/members", m{"email": ada.email, "role": "member"}).want(201)
	other := ada.with(ada.post("/api/v1/sessions", m{"email": ada.email, "password": password}).want(201).text("token"))
	before := h.end()
	ada.send("DELETE", "/api/v1/me", m{"password": password}).want(409).code("last_owner")
	// A refusal has changed nothing.
	other.get("/api/v1/me").want(200)
	ada.get(plain, joined.at()).want(200)
	if h.end() != before {
		t.Error("a refused erasure wrote to the log")
	}
	alone, _ := ada.project("Alone")
	made := ada.patch(project+"/members/"+ben.account, m{"role": "owner"}).want(200)
	ada.send("DELETE", "/api/v1/me", m{"password": password}).want(204)
	ada.get("/api/v1/me").want(401)
	ada.post("/api/v1/sessions", m{"email": ada.email, "password": password}).want(401)
	for _, left := range []string{project, plain} {
		if p, err := h.commands.Project(t.Context(), uuid.MustParse(id(left))); err != nil || p.Role(uuid.MustParse(ada.account)) != "" {
			t.Errorf("the erased person is still %q: %v", p.Role(uuid.MustParse(ada.account)), err)
		}
	}
	if p, err := h.commands.Project(t.Context(), uuid.MustParse(id(alone))); err != nil || len(p.Members) != 1 {
		t.Errorf("a project of the person alone: %v %v", p.Members, err)
	}
	// Ben is the last possible owner, and cannot leave while there is a viewer.
	eve := h.person("Eve")
	ben.post(project+"/members", m{"email": eve.email, "role": "viewer"}).want(201)
	ben.delete(project + "/members/" + ben.account).want(409).code("last_owner")
	members := ben.get(project+"/members", made.at()).want(200)
	if strings.Contains(string(members.body), ada.email) || strings.Contains(string(members.body), `"Ada"`) {
		t.Errorf("an erased person is still named: %s", members.body)
	}
}

// TestOwnersErasedAtOnce erases both owners of a project with another member at
// the same time, repeatedly: one of them has to stay.
func TestOwnersErasedAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	eve := h.person("Eve")
	for i := range 8 {
		n := string(rune('a' + i))
		ada, ben := h.person("Ada"+n), h.person("Ben"+n)
		project, _ := ada.project("Engine")
		ada.post(project+"/members", m{"email": ben.email, "role": "owner"}).want(201)
		ada.post(project+"/members", m{"email": eve.email, "role": "member"}).want(201)
		both := []*person{ada, ben}
		gone := 0
		var running sync.WaitGroup
		answers := make([]*answer, len(both))
		for i, p := range both {
			running.Go(func() { answers[i] = p.send("DELETE", "/api/v1/me", m{"password": password}) })
		}
		running.Wait()
		for i, a := range answers {
			if a.status == 204 {
				gone++
				continue
			}
			a.want(409).code("last_owner")
			both[i].get("/api/v1/me").want(200)
		}
		p, err := h.commands.Project(t.Context(), uuid.MustParse(id(project)))
		if err != nil {
			t.Fatal(err)
		}
		owners := 0
		for _, member := range p.Members {
			if member.Role == events.RoleOwner {
				owners++
			}
		}
		if gone != 1 || owners != 1 || len(p.Members) != 2 {
			t.Fatalf("%d erased, members %v", gone, p.Members)
		}
	}
}

// TestTwoAloneErased erases the only two members of a project, both owners, in
// turn: no member is left behind.
func TestTwoAloneErased(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	project, _ := ada.project("Engine")
	ada.post(project+"/members", m{"email": ben.email, "role": "owner"}).want(201)
	ada.send("DELETE", "/api/v1/me", m{"password": password}).want(204)
	ben.send("DELETE", "/api/v1/me", m{"password": password}).want(204)
}
