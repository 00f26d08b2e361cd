package monitoring

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docketlog/docket/internal/testkit"
)

// scraper is a client of a running Prometheus.
type scraper struct {
	t   *testing.T
	url string
}

func (p *scraper) get(path string, into any) {
	p.t.Helper()
	answer, err := http.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: status %d, %v: %s", path, answer.StatusCode, err, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		p.t.Fatalf("%s: %v in %s", path, err, text)
	}
}

// values returns the finite values of an expression's result.
func (p *scraper) values(expr string) (values []float64) {
	p.t.Helper()
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	p.get("/api/v1/query?query="+url.QueryEscape(expr), &answer)
	for _, r := range answer.Data.Result {
		if v, err := strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			values = append(values, v)
		}
	}
	return values
}

func (p *scraper) value(expr string) float64 {
	p.t.Helper()
	if v := p.values(expr); len(v) == 1 {
		return v[0]
	}
	p.t.Fatalf("%s has no single answer: %s", expr, p.text(expr))
	return 0
}

func (p *scraper) text(expr string) string {
	p.t.Helper()
	var answer json.RawMessage
	p.get("/api/v1/query?query="+url.QueryEscape(expr), &answer)
	return string(answer)
}

// answers waits until every query of every panel has data.
func (p *scraper) answers() {
	p.t.Helper()
	missing := map[string]string{}
	files, err := filepath.Glob(dashboardFolder + "/*.json")
	if err != nil || len(files) == 0 {
		p.t.Fatalf("no dashboards: %v", err)
	}
	for _, file := range files {
		var d struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal([]byte(testkit.ReadFile(p.t, file)), &d); err != nil {
			p.t.Fatal(err)
		}
		for _, panel := range d.Panels {
			for _, target := range panel.Targets {
				// Grafana uses at least four scrape intervals here.
				missing[strings.ReplaceAll(target.Expr, "$__rate_interval", "10s")] = filepath.Base(file) + ", " + panel.Title
			}
		}
	}
	all := len(missing)
	deadline := time.Now().Add(testkit.Limit)
	for len(missing) > 0 {
		for expr := range missing {
			if len(p.values(expr)) > 0 {
				delete(missing, expr)
			}
		}
		if time.Now().After(deadline) {
			for _, expr := range slices.Sorted(maps.Keys(missing)) {
				p.t.Errorf("%s: no data for %s", missing[expr], expr)
			}
			return
		}
		time.Sleep(time.Second)
	}
	p.t.Logf("%d queries of %d dashboards have data", all, len(files))
}

// rulesAreHealthy checks that every rule is evaluated without an error.
func (p *scraper) rulesAreHealthy() {
	p.t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	n := 0
	testkit.Eventually(p.t, "every rule was evaluated", func() (string, bool) {
		p.get("/api/v1/rules", &answer)
		n = 0
		for _, g := range answer.Data.Groups {
			for _, r := range g.Rules {
				if n++; r.Health == "unknown" {
					time.Sleep(testkit.Pause)
					return r.Name + " is unknown", false
				}
				if r.Health != "ok" {
					p.t.Errorf("rule %s: %s", r.Name, r.LastError)
				}
			}
		}
		return "", true
	})
	if n == 0 {
		p.t.Error("no rules")
	}
}
