package backup

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/notifier"
)

// stores are all stores of Docket, as package app passes them to [Take].
var stores = slices.Concat(idempotency.Stores(), jetstream.Stores(), notifier.Stores(), accounts.Stores())

// people is the stream with a message for each account.
var people = accounts.People.Stream

// streams returns the names of the copied streams, in copy order.
func streams() []string {
	var names []string
	for _, one := range stores {
		names = append(names, one.Stream)
	}
	return names
}

// installation is a broker with data in every store of Docket.
type installation struct {
	t   *testing.T
	nc  *nats.Conn
	js  js.JetStream
	log *jetstream.Log
}

// on returns an installation without data.
func on(t *testing.T, nc *nats.Conn) *installation {
	t.Helper()
	j, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return &installation{t: t, nc: nc, js: j}
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	i := on(t, brokertest.Conn(t))
	var err error
	if i.log, err = jetstream.Open(t.Context(), i.nc, jetstream.Options{}); err != nil {
		t.Fatal(err)
	}
	err = errors.Join(accounts.Setup(t.Context(), i.js, 1), idempotency.Setup(t.Context(), i.js, 1), notifier.Setup(t.Context(), i.js, notifier.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	handler := commands.NewHandler(i.log, commands.Options{})
	owner, project := uuid.New(), uuid.New()
	all := []commands.Command{commands.CreateProject{Project: project, Name: "Garden"}}
	for n := range 20 {
		all = append(all, commands.CreateTask{Task: uuid.New(), Project: project, Title: fmt.Sprint("Bed ", n)})
	}
	for _, one := range all {
		if _, err := handler.Handle(t.Context(), one, commands.Request{Actor: owner, Command: uuid.New()}); err != nil {
			t.Fatal(err)
		}
	}
	for _, bucket := range []string{
		idempotency.Bucket, notifier.LedgerBucket, accounts.InstanceBucket, accounts.PeopleBucket, accounts.CredentialsBucket,
		accounts.FiltersBucket, accounts.TokensBucket, accounts.SessionsBucket, accounts.AttemptsBucket,
	} {
		i.put(bucket, "first", bucket)
	}
	if _, err := i.js.Publish(t.Context(), "notices.due.x.y", []byte("a notice")); err != nil {
		t.Fatal(err)
	}
	return i
}

// put writes to a bucket.
func (i *installation) put(bucket, key, value string) {
	i.t.Helper()
	b, err := i.js.KeyValue(i.t.Context(), bucket)
	if err == nil {
		_, err = b.PutString(i.t.Context(), key, value)
	}
	if err != nil {
		i.t.Fatalf("%s: %v", bucket, err)
	}
}

// take returns a backup of the installation.
func (i *installation) take() []byte {
	i.t.Helper()
	var b bytes.Buffer
	if _, err := Take(i.t.Context(), i.nc, stores, &b, TakeOptions{Version: "test"}); err != nil {
		i.t.Fatal(err)
	}
	return b.Bytes()
}

// messages returns the messages of a stream by sequence, in a comparable form.
func (i *installation) messages(name string) map[uint64]string {
	i.t.Helper()
	s, err := i.js.Stream(i.t.Context(), name)
	if err != nil {
		i.t.Fatalf("%s: %v", name, err)
	}
	found := map[uint64]string{}
	for at := s.CachedInfo().State.FirstSeq; at <= s.CachedInfo().State.LastSeq; at++ {
		m, err := s.GetMsg(i.t.Context(), at)
		if errors.Is(err, js.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			i.t.Fatalf("%s: %v", name, err)
		}
		header := ""
		for _, key := range slices.Sorted(maps.Keys(m.Header)) {
			header += fmt.Sprintf("%s: %q\n", key, m.Header[key])
		}
		found[at] = m.Subject + "\n" + header + m.Time.String() + "\n" + string(m.Data)
	}
	return found
}

// opened opens a backup that must be complete.
func opened(t *testing.T, content []byte) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(content), int64(len(content)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
