package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

// fleet is a group of clients and the results of their requests. They use one
// gateway, and at once the other if it does not answer, as a proxy in front of
// both would.
type fleet struct {
	t        *testing.T
	gateways []string
	people   []string // their tokens
	tasks    []string
	turn     atomic.Uint64
	// timeout is the timeout after which the service counts as unavailable.
	timeout time.Duration

	commands, queries tally
	// refusals counts failed attempts at one gateway by reason.
	refusals map[string]int

	mu sync.Mutex
	// acknowledged holds the acknowledged texts of each task and their
	// positions in the log.
	acknowledged map[string]map[string]string
	latest       map[string]string // the latest text of each task
	// doubtful holds the texts that were sent and not acknowledged, with their
	// task.
	doubtful map[string]string
	tried    int
	// said holds the time of each acknowledgement.
	said map[string]time.Time
}

func newFleet(t *testing.T, gateways ...string) *fleet {
	return &fleet{
		t: t, gateways: gateways, timeout: 2 * time.Second, acknowledged: map[string]map[string]string{},
		latest: map[string]string{}, said: map[string]time.Time{}, doubtful: map[string]string{}, refusals: map[string]int{},
	}
}

// through returns the same clients and tasks, using other gateways.
func (f *fleet) through(gateways ...string) *fleet {
	other := newFleet(f.t, gateways...)
	other.people, other.tasks, other.timeout = f.people, f.tasks, f.timeout
	return other
}

// settle registers accounts and creates a project with tasks.
func (f *fleet) settle(tasks int) {
	f.t.Helper()
	d := &dockettest.Process{T: f.t, URL: f.gateways[0]}
	owner := dockettest.Join(f.t, d, "Mina")
	f.people = append(f.people, owner.Token)
	project := owner.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	jun := dockettest.Join(f.t, d, "Jun")
	f.people = append(f.people, jun.Token)
	owner.Ask(201, "POST", "/api/v1/projects/"+project+"/members", map[string]any{"email": "jun@example.org", "role": "member"})
	// The other person is notified of each comment: one is the creator, the
	// other the assignee.
	has := []string{jun.Ask(200, "GET", "/api/v1/me", nil)["id"].(string)}
	for i := range tasks {
		f.tasks = append(f.tasks, owner.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": fmt.Sprint("Bed ", i), "assignees": has})["id"].(string))
	}
	// Every gateway must have the data before measurements start.
	for _, gateway := range f.gateways {
		other := &dockettest.Person{T: f.t, At: &dockettest.Process{T: f.t, URL: gateway}, Token: owner.Token, Position: owner.Position}
		other.Ask(200, "GET", "/api/v1/projects/"+project, nil)
	}
}

// every calls do a fixed number of times a second, however long each call
// takes.
func (f *fleet) every(ctx context.Context, perSecond int, do func()) {
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			running.Go(do)
		}
	}
}

// work runs concurrent clients that send one command after the other, as fast
// as they are answered, until stop is called. stop waits for all of them.
func (f *fleet) work(people int) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.t.Context()))
	var working sync.WaitGroup
	for range people {
		working.Go(func() {
			for ctx.Err() == nil {
				if !f.say(f.tasks[rand.N(len(f.tasks))], uuid.NewString()) {
					time.Sleep(250 * time.Millisecond)
				}
			}
		})
	}
	return func() {
		cancel()
		working.Wait()
	}
}

// await waits until n more commands have been acknowledged.
func (f *fleet) await(n int) {
	f.t.Helper()
	_, before := f.commands.count(time.Time{}, time.Now())
	testkit.Eventually(f.t, fmt.Sprintf("%d more commands to be acknowledged", n), func() (string, bool) {
		_, ok := f.commands.count(time.Time{}, time.Now())
		return fmt.Sprintf("%d; refused: %v", ok-before, f.refused()), ok >= before+n
	})
}

// refused returns the failed attempts at one gateway so far, by reason.
func (f *fleet) refused() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.refusals)
}

// refusedClearly checks that in every failed attempt so far the gateway either
// said in time what was unavailable, or accepted no connection.
func (f *fleet) refusedClearly() {
	f.t.Helper()
	refused := f.refused()
	f.t.Logf("refused meanwhile: %v", refused)
	for why, n := range refused {
		_, code, _ := strings.Cut(why, " ")
		if !slices.Contains([]string{"unavailable", "unsettled", "stale", "timed_out", "no answer"}, code) {
			f.t.Errorf("%d times the refusal was %q", n, why)
		}
	}
}

// resend repeats each unacknowledged command unchanged until it is
// acknowledged. A command that had succeeded must not be applied twice.
func (f *fleet) resend() {
	f.t.Helper()
	f.mu.Lock()
	doubtful := maps.Clone(f.doubtful)
	f.mu.Unlock()
	var all errgroup.Group
	all.SetLimit(8)
	for text, task := range doubtful {
		all.Go(func() error {
			for deadline := time.Now().Add(testkit.Limit); !f.say(task, text); time.Sleep(100 * time.Millisecond) {
				if time.Now().After(deadline) {
					return fmt.Errorf("what was not acknowledged is still not after %v", testkit.Limit)
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		f.t.Fatalf("%v; refused: %v", err, f.refused())
	}
}

// ask sends one client's request to one gateway, and to the other if the first
// does not answer.
func (f *fleet) ask(who int, method, path string, body any, header ...string) (dockettest.Answer, bool) {
	turn := f.turn.Add(1)
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout)
	defer cancel()
	var a dockettest.Answer
	for i := range f.gateways {
		gateway := f.gateways[(int(turn)+i)%len(f.gateways)]
		p := &dockettest.Person{T: f.t, At: &dockettest.Process{T: f.t, URL: gateway}, Token: f.people[who%len(f.people)]}
		got, err := p.Try(ctx, method, path, body, header...)
		if err == nil && got.Status < 500 {
			return got, true
		}
		a = got
		var why struct{ Code string }
		if err == nil {
			_ = json.Unmarshal(got.Body, &why)
		} else {
			why.Code = "no answer"
			if ctx.Err() != nil {
				why.Code = "no answer in time"
			}
		}
		f.mu.Lock()
		f.refusals[method+" "+why.Code]++
		f.mu.Unlock()
	}
	return a, false
}

// command adds a comment to a random task, once.
func (f *fleet) command() { f.say(f.tasks[rand.N(len(f.tasks))], uuid.NewString()) }

// say adds a comment with the text to a task and reports whether it was
// acknowledged.
func (f *fleet) say(task, text string) bool {
	began := time.Now()
	// A repeated text must come from the same person.
	who := int(text[len(text)-1])
	a, ok := f.ask(who, "POST", "/api/v1/tasks/"+task+"/comments", map[string]any{"text": text}, "Idempotency-Key", text)
	f.commands.add(began, ok)
	if ok && a.Status != http.StatusCreated {
		f.t.Errorf("a comment was answered with %d: %s", a.Status, a.Body)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tried++
	f.doubtful[text] = task
	if ok && a.Status == http.StatusCreated {
		delete(f.doubtful, text)
		if f.acknowledged[task] == nil {
			f.acknowledged[task] = map[string]string{}
		}
		f.latest[task], f.said[text] = text, time.Now()
		f.acknowledged[task][text] = a.Header.Get("Docket-Position")
	}
	return ok && a.Status == http.StatusCreated
}

// query reads the latest acknowledged text of a task at its position: the
// answer must contain it.
func (f *fleet) query() {
	task := f.tasks[rand.N(len(f.tasks))]
	var text, position string
	f.mu.Lock()
	if text = f.latest[task]; text != "" {
		position = f.acknowledged[task][text]
	}
	f.mu.Unlock()
	began := time.Now()
	path := "/api/v1/tasks/" + task
	header := []string{}
	if text != "" {
		path += "/comments?sort=-created&limit=50"
		header = append(header, "Docket-Position", position)
	}
	a, ok := f.ask(rand.Int(), "GET", path, nil, header...)
	f.queries.add(began, ok)
	if ok && (a.Status != http.StatusOK || text != "" && !strings.Contains(string(a.Body), text)) {
		f.t.Errorf("a wrong answer: status %d, without what was acknowledged at %s", a.Status, position)
	}
}

// verify checks that everything acknowledged is there, and that nothing is
// there twice, acknowledged or not.
func (f *fleet) verify() {
	f.t.Helper()
	p := &dockettest.Person{T: f.t, At: &dockettest.Process{T: f.t, URL: f.gateways[0]}, Token: f.people[0]}
	// This last write comes after all others, so reads from here on include
	// them all.
	dockettest.Patiently(f.t, p, "PATCH", "/api/v1/tasks/"+f.tasks[0], map[string]any{"title": "Bed " + uuid.NewString()})
	lost, twice, kept := 0, 0, 0
	for _, task := range f.tasks {
		texts := map[string]int{}
		for cursor := ""; ; {
			var page struct {
				Items []struct{ Text string }
				Next  *string
			}
			a := dockettest.Patiently(f.t, p, "GET", "/api/v1/tasks/"+task+"/comments?limit=500&cursor="+cursor, nil)
			if err := json.Unmarshal([]byte(a), &page); err != nil {
				f.t.Fatal(err)
			}
			for _, c := range page.Items {
				texts[c.Text]++
			}
			if page.Next == nil {
				break
			}
			cursor = *page.Next
		}
		for _, n := range texts {
			if n > 1 {
				twice++
			}
		}
		for text := range f.acknowledged[task] {
			if texts[text] == 0 {
				lost++
			} else {
				kept++
			}
		}
	}
	f.t.Logf("%d comments sent, %d acknowledged and there, %d lost, %d there twice", f.tried, kept, lost, twice)
	if lost > 0 || twice > 0 || kept == 0 {
		f.t.Errorf("%d acknowledged comments are lost, %d are there twice, %d are there", lost, twice, kept)
	}
}

// told waits until there is a mail about each text, and returns how long each
// took.
func told(t *testing.T, mails *smtptest.Server, said map[string]time.Time) *tally {
	t.Helper()
	waiting := maps.Clone(said)
	var heard tally
	seen := 0
	// At full load many mails are still waiting at the end.
	timeout := testkit.Limit + time.Duration(len(said))*30*time.Millisecond
	for deadline := time.Now().Add(timeout); ; time.Sleep(100 * time.Millisecond) {
		all := mails.All()
		for _, k := range all[seen:] {
			for _, text := range texts.FindAllString(k.Body, -1) {
				if at, ok := waiting[text]; ok {
					heard.seen = append(heard.seen, attempt{at, k.At, true})
					delete(waiting, text)
				}
			}
		}
		if seen = len(all); len(waiting) == 0 {
			return &heard
		}
		if time.Now().After(deadline) {
			t.Errorf("of %d things said %d were told in no mail", len(said), len(waiting))
			return &heard
		}
	}
}

// texts matches the texts of tests that send many.
var texts = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
