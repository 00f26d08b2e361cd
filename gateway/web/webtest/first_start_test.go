package webtest

import (
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func TestFirstStartLeadsToABoardWithACard(t *testing.T) {
	house := browsertest.NewHouse(t)
	page := browsertest.Open(t, house.URL+"/")
	page.WaitURL("/sign-up")
	page.WaitText("h1", "Welcome to Docket")
	page.Screenshot("first-sign-up")
	page.Accessible()
	page.Type("[name=name]", "Mina Park")
	page.Type("[name=email]", "mina@example.org")
	page.Type("[name=password]", "short")
	page.Follow(`button:has-text("Create account")`)
	page.WaitFor("[name=password][aria-invalid=true]")
	page.WaitValue("[name=email]", "mina@example.org")
	page.Type("[name=password]", browsertest.Password)
	page.Loads(func() { page.Press("Enter") })
	page.WaitText("h1", "Hello, Mina Park")
	page.WaitText(".teach", "Ctrl+K")
	page.Screenshot("first-home")
	page.Accessible()
	page.Type("main [name=name]", "Opening the shop")
	page.Loads(func() { page.Press("Enter") })
	page.WaitFor("#board[data-ready]")
	page.WaitText("#teach", "This board is empty")
	page.Screenshot("first-board")
	page.Accessible()
	page.Type("#c-waiting .add textarea", "Buy bubble wrap @mina #shop !high tomorrow")
	page.Press("Enter")
	page.WaitText("#c-waiting .card", "Buy bubble wrap")
	page.WaitText("#c-waiting .card .label", "shop")
	page.WaitText("#c-waiting .card", "Tomorrow")
	page.WaitGone("#teach")

	// A second user registers, and sees a project once added to it, without
	// reloading the page.
	jun := browsertest.Open(t, house.URL+"/sign-in")
	jun.Follow(`a:has-text("Create account")`)
	jun.WaitText("h1", "Create your account")
	jun.Type("[name=name]", "Jun Lee")
	jun.Type("[name=email]", "jun@example.org")
	jun.Type("[name=password]", browsertest.Password)
	jun.Loads(func() { jun.Press("Enter") })
	jun.WaitText("h1", "Hello, Jun Lee")

	page.Follow(`.tabs a:has-text("Settings")`)
	page.Type("#invite [name=email]", "nobody@example.org")
	page.Press("Enter")
	page.WaitText("#settings [role=alert]", "sign up first")
	page.WaitValue("#invite [name=email]", "nobody@example.org")
	page.Fill("#invite [name=email]", "jun@example.org")
	page.Press("Enter")
	page.WaitText("#members", "Jun Lee")
	page.WaitGone("#settings [role=alert]")
	page.WaitValue("#invite [name=email]", "")

	jun.WaitText("#projects", "Opening the shop")
	jun.Follow("#projects a")
	jun.WaitText(".card", "Buy bubble wrap")

	// Registering an address that has an account does not take it over.
	third := browsertest.Open(t, house.URL+"/sign-up")
	third.Type("[name=name]", "Somebody")
	third.Type("[name=email]", "jun@example.org")
	third.Type("[name=password]", "another good password")
	third.Loads(func() { third.Press("Enter") })
	third.WaitText("[role=alert]", "may already have an account")
}

func TestSignInReturnsToTheRequestedPage(t *testing.T) {
	o := newOffice(t)
	page := browsertest.Open(t, o.URL+"/projects/"+o.project+"/list?sort=title")
	page.WaitURL("/sign-in")
	page.Type("[name=email]", o.mina.Email)
	page.Type("[name=password]", "wrong wrong wrong")
	page.Loads(func() { page.Press("Enter") })
	page.WaitText("[role=alert]", "Wrong email or password")
	page.WaitValue("[name=email]", o.mina.Email)
	page.Type("[name=password]", browsertest.Password)
	page.Loads(func() { page.Press("Enter") })
	page.WaitURL("/list?sort=title")
	page.WaitFor("#list")
}
