package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/projections/schema"
)

// Options configure a [Store].
type Options struct {
	// Logger may be nil.
	Logger *slog.Logger
	// MaxConnections is the maximum number of connections used for reading; 0
	// means 8.
	MaxConnections int
}

// Store is a database that holds rows. All methods may be called concurrently,
// and by any number of processes on one database.
type Store struct {
	dialect dialect.Database
	// read and write are separate pools, so that no number of queries can delay
	// the projector.
	read, write *sql.DB
	logger      *slog.Logger
	projections []fold.Projection
	fingerprint string
	arrivals    arrivals
	// done ends when the store is closed.
	done   context.Context
	cancel context.CancelFunc
}

// Open opens the database at url, and prepares it to hold rows if it is new:
//
//	sqlite:/var/lib/docket/rows.db
//	postgres://user:password@host:port/database
//	mysql://user:password@host:port/database
//
// mysql is for MySQL (8.0 or newer) and MariaDB (10.6 or newer).
//
// The caller closes the store.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	s, err := connect(ctx, url, o)
	if err != nil {
		return nil, err
	}
	if err := s.dialect.Check(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare database: %w", err), s.Close())
	}
	return s, nil
}

// OpenReader is Open for callers that only read: it changes nothing in the
// database and does not need to reach it yet. While the database holds no rows,
// they count as stale.
func OpenReader(ctx context.Context, url string, o Options) (*Store, error) {
	return connect(ctx, url, o)
}

func connect(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxConnections <= 0 {
		o.MaxConnections = 8
	}
	projections := fold.Projections()
	s := &Store{logger: o.Logger, projections: projections, fingerprint: fold.Fingerprint(projections)}
	database, pools, err := dialect.Open(url, o.MaxConnections)
	if err != nil {
		return nil, err
	}
	s.dialect, s.read, s.write = database, pools.Read, pools.Write
	s.done, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return s, nil
}

// CheckMySQL reports what is wrong with a MySQL database URL, without
// connecting. The error does not contain the password.
func CheckMySQL(url string) error { return dialect.CheckMySQL(url) }

// Close closes the store. It must not be used afterwards.
func (s *Store) Close() error {
	s.cancel()
	s.arrivals.wait()
	return errors.Join(s.read.Close(), s.write.Close())
}

// Ping reports whether queries would succeed. It fails with [ErrStale] while
// there are no rows that this program can serve, and with [ErrUnavailable] if
// the database cannot be reached.
func (s *Store) Ping(ctx context.Context) error {
	m, err := s.model(ctx)
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	return m.servable(s.fingerprint)
}

// layout returns the statements that create the tables outside all generations,
// and the first row. Each statement is idempotent.
func layout(d dialect.Database) []string {
	return []string{
		`create table if not exists docket_read_model (
			id bigint not null primary key, generation bigint not null, newest bigint not null)`,
		fmt.Sprintf(`create table if not exists docket_checkpoints (
			generation bigint not null primary key, fingerprint %[1]s,
			incarnation %[1]s, sequence bigint not null, head bigint not null, stored_at bigint not null,
			epoch bigint not null, malformed bigint not null)`, d.Column(schema.KindWord)),
		`create table if not exists docket_generations (
			generation bigint not null primary key, kept bigint not null, compared bigint not null,
			busy bigint not null, begun bigint not null, begun_at bigint not null, moved_at bigint not null)`,
		`insert into docket_read_model (id, generation, newest) values (1, 0, 0)` +
			d.Upsert(&schema.Table{Key: 1, Columns: []schema.Column{schema.Number("id")}}),
	}
}

func (s *Store) prepare(ctx context.Context) error {
	return s.exclusively(ctx, func(tx *sql.Tx) error {
		for _, statement := range layout(s.dialect) {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// exclusively runs f in a transaction that is the only one to change the set of
// tables and generations. f may be called more than once; only the last call
// counts. On a database where creating a table commits, the changes f made
// before that remain even if f fails later.
func (s *Store) exclusively(ctx context.Context, f func(*sql.Tx) error) (err error) {
	for range dialect.Retries {
		if err = s.alone(ctx, f); !s.dialect.Contended(err) {
			return err
		}
		sleep(ctx, firstRetry/10)
	}
	return err
}

func (s *Store) alone(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if lock := s.dialect.Exclusive(); lock != "" {
		// Where the lock is a row, the table that holds it may not exist yet.
		// Several processes may create that table at the same time.
		if _, err := tx.ExecContext(ctx, lock); err != nil && !s.dialect.Missing(err) {
			return err
		}
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// exec runs one statement in the writing pool and returns the number of rows it
// changed.
func (s *Store) exec(ctx context.Context, db execer, query string, args ...any) (int64, error) {
	result, err := db.ExecContext(ctx, s.dialect.Bind(query), s.dialect.Arguments(args)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// model describes which rows are read, and their position. The zero generation
// means that there are no rows.
type model struct {
	generation  int64
	fingerprint string
	position    events.Position
	// head and storedAt come from the log with the last batch: its end at that
	// time, and when it stored the batch's last event.
	head      uint64
	storedAt  int64
	epoch     int64
	malformed int64
}

// modelQuery reads the live model. A builder reads other generations.
const modelQuery = `select m.generation, coalesce(c.fingerprint, ''), coalesce(c.incarnation, ''),
	coalesce(c.sequence, 0), coalesce(c.head, 0), coalesce(c.stored_at, 0), coalesce(c.epoch, 0), coalesce(c.malformed, 0)
	from docket_read_model m left join docket_checkpoints c on c.generation = m.generation where m.id = 1`

func (m *model) scan(scan func(...any) error) error {
	return scan(&m.generation, &m.fingerprint, &m.position.Incarnation, &m.position.Sequence,
		&m.head, &m.storedAt, &m.epoch, &m.malformed)
}

// model reads the live model outside of any snapshot. A database that has not
// been prepared yet has none.
func (s *Store) model(ctx context.Context) (m model, err error) {
	err = m.scan(s.write.QueryRowContext(ctx, modelQuery).Scan)
	if s.dialect.Missing(err) {
		err = nil
	}
	return m, classed(ctx, s.dialect, err)
}

// servable fails with ErrStale unless a program with this fingerprint may serve
// the model's rows.
func (m *model) servable(fingerprint string) error {
	switch {
	case m.generation == 0:
		return fmt.Errorf("%w: they are being built", ErrStale)
	case m.fingerprint != fingerprint:
		return fmt.Errorf("%w: they were folded by another version of the program (%s, this one: %s)", ErrStale, m.fingerprint, fingerprint)
	}
	return nil
}

// behind is an upper bound on how long the log has been ahead of the rows.
func (m *model) behind(now time.Time) time.Duration {
	if m.storedAt == 0 || m.head <= m.position.Sequence {
		return 0
	}
	return max(0, now.Sub(schema.Time(m.storedAt)))
}
