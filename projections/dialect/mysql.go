package dialect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	neturl "net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/google/uuid"

	"github.com/docketlog/docket/projections/schema"
)

// mysql is the dialect of MySQL 8 and MariaDB. Text is stored as bytes: the
// binary collation that both have ignores trailing spaces, so two labels could
// be one key, and the collations that do not have different names. No column
// has a date or time type, so time zones do not matter.
type mysql struct{ write *sql.DB }

// mysqlSettings are the session settings that queries and rows depend on,
// whatever the server's defaults: without strict mode, values that are too long
// are cut off silently, and without max_sort_length texts are sorted by their
// first 1024 bytes.
var mysqlSettings = map[string]string{
	"sql_mode":               "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
	"default_storage_engine": "InnoDB",
	"max_sort_length":        strconv.Itoa(SortLength),
	"wait_timeout":           strconv.Itoa(int(mysqlIdle.Seconds())),
}

// mysqlIdle is how long the server waits for the next statement; after that it
// releases the locks of a process that has vanished. Pools close a connection
// before the server would.
const mysqlIdle = time.Minute

// minPacket is the minimum max_allowed_packet of a server, in bytes: a
// statement holds whole rows, and a row can be several times the size of the
// largest event.
const minPacket = 16 << 20

func openMySQL(url string, readers int) (Database, Pools, error) {
	config, err := parseMySQL(url)
	if err != nil {
		return nil, Pools{}, fmt.Errorf("database URL: %w", err)
	}
	read, err := openIsolated(config, "repeatable read")
	if err != nil {
		return nil, Pools{}, fmt.Errorf("database URL: %w", err)
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	// A projector's statements must see what others have committed; what it has
	// read stays valid because its checkpoint is locked.
	write, err := openIsolated(config, "read committed")
	if err != nil {
		return nil, Pools{}, errors.Join(fmt.Errorf("database URL: %w", err), read.Close())
	}
	write.SetMaxIdleConns(4)
	for _, db := range []*sql.DB{read, write} {
		db.SetConnMaxIdleTime(mysqlIdle / 2)
	}
	return &mysql{write}, Pools{read, write}, nil
}

func (d *mysql) Check(ctx context.Context) error {
	var packet int64
	err := d.write.QueryRowContext(ctx, "select @@max_allowed_packet").Scan(&packet)
	if err == nil && packet < minPacket {
		err = fmt.Errorf("the server's max_allowed_packet is %d; it must be at least %d", packet, minPacket)
	}
	return err
}

// CheckMySQL reports what is wrong with a MySQL database URL, without
// connecting. The error does not contain the password.
func CheckMySQL(url string) error {
	_, err := parseMySQL(url)
	return err
}

// parseMySQL parses mysql://user:password@host:port/database. Parameters
// configure TLS: tls is true, skip-verify, preferred or false; tls-ca names a
// file of CA certificates, tls-cert and tls-key the client's certificate and
// key. Errors do not contain the password.
func parseMySQL(url string) (*mysqldriver.Config, error) {
	u, err := neturl.Parse(url)
	if err != nil {
		var parse *neturl.Error
		if errors.As(err, &parse) {
			err = parse.Err
		}
		return nil, err
	}
	config := mysqldriver.NewConfig()
	config.Net, config.User, config.DBName = "tcp", u.User.Username(), strings.TrimPrefix(u.Path, "/")
	config.Passwd, _ = u.User.Password()
	if u.Hostname() == "" || config.DBName == "" {
		return nil, errors.New("must be mysql://user:password@host:3306/database")
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	config.Addr = net.JoinHostPort(u.Hostname(), port)
	config.Timeout = 10 * time.Second
	config.Params = mysqlSettings
	// Arguments are sent within the statement, in one round trip; escaping
	// makes this safe in this character set.
	config.InterpolateParams = true
	// Compare-and-set counts rows found: a row that already has the new values
	// does not mean that the claim is lost.
	config.ClientFoundRows = true
	// What the driver would write to standard error is also returned as an
	// error.
	config.Logger = &mysqldriver.NopLogger{}
	if err := config.Apply(mysqldriver.Charset("utf8mb4", "utf8mb4_bin")); err != nil {
		return nil, err
	}
	parameters, err := neturl.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, err
	}
	for name := range parameters {
		if !slices.Contains([]string{"tls", "tls-ca", "tls-cert", "tls-key"}, name) {
			return nil, fmt.Errorf("unknown parameter %q; use tls, tls-ca, tls-cert or tls-key", name)
		}
	}
	return config, secureMySQL(config, parameters)
}

func secureMySQL(config *mysqldriver.Config, parameters neturl.Values) error {
	mode, ca, cert, key := parameters.Get("tls"), parameters.Get("tls-ca"), parameters.Get("tls-cert"), parameters.Get("tls-key")
	if mode == "" && ca+cert+key != "" {
		mode = "true"
	}
	switch mode {
	case "", "false":
		if ca+cert+key != "" {
			return errors.New("tls=false cannot be combined with tls-ca, tls-cert or tls-key")
		}
		return nil
	case "true", "skip-verify", "preferred":
	default:
		return fmt.Errorf("tls must be true, skip-verify, preferred or false; got %q", mode)
	}
	config.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Optional encryption does not ask for the server to be verified.
		InsecureSkipVerify: mode != "true", //nolint:gosec // asked for by name, as docs/operations/settings.md says
	}
	config.AllowFallbackToPlaintext = mode == "preferred"
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return fmt.Errorf("tls-ca: %w", err)
		}
		config.TLS.RootCAs = x509.NewCertPool()
		if !config.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("tls-ca: %s contains no PEM certificate", ca)
		}
	}
	if cert+key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return fmt.Errorf("tls-cert and tls-key: %w", err)
		}
		config.TLS.Certificates = []tls.Certificate{pair}
	}
	return nil
}

// isolated opens connections whose transactions have one isolation level. A
// statement sets it because the variable's name differs between servers.
type isolated struct {
	driver.Connector
	level string
}

func openIsolated(config *mysqldriver.Config, level string) (*sql.DB, error) {
	connector, err := mysqldriver.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(isolated{connector, level}), nil
}

func (c isolated) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, "set session transaction isolation level "+c.level, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (*mysql) Bind(query string) string { return query }

// Arguments converts ids and text to the bytes they are stored as.
func (*mysql) Arguments(args []any) []any {
	list := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case uuid.UUID:
			list[i] = v[:]
		case string:
			list[i] = []byte(v)
		default:
			list[i] = arg
		}
	}
	return list
}

func (*mysql) Column(k schema.Kind) string {
	switch k {
	case schema.KindID:
		return "binary(16) not null"
	case schema.KindWord:
		// Plain may triple the length of a word.
		return fmt.Sprintf("varbinary(%d) not null", 3*schema.MaxWord)
	case schema.KindText:
		return "mediumblob not null"
	case schema.KindNumber:
		return "bigint not null"
	case schema.KindMoment:
		return "bigint"
	case schema.KindDigest:
		return "varbinary(64) not null"
	}
	panic(fmt.Sprintf("no column type for kind %d", k))
}

// Storage selects a row format that stores long texts outside their row.
func (*mysql) Storage(*schema.Table) string { return " row_format = dynamic" }

func (*mysql) Upsert(t *schema.Table) string {
	sets := make([]string, 0, len(t.Columns))
	for _, c := range t.Columns[t.Key:] {
		sets = append(sets, fmt.Sprintf("%[1]s = values(%[1]s)", c.Name))
	}
	if len(sets) == 0 {
		first := t.Columns[0].Name
		sets = append(sets, first+" = "+first)
	}
	return " on duplicate key update " + strings.Join(sets, ", ")
}

// Exclusive locks the one row that names the generations. A statement that
// creates a table commits, which releases the lock; only what precedes it needs
// the lock.
func (*mysql) Exclusive() string {
	return "select newest from docket_read_model where id = 1 for update"
}

func (*mysql) Catalog() string {
	return `select table_name from information_schema.tables
		where table_schema = database() and table_name like 'g%!_%' escape '!'`
}

func (*mysql) Indexes() string {
	return `select distinct index_name from information_schema.statistics
		where table_schema = database() and index_name like 'g%!_%' escape '!'`
}

func (*mysql) Settle(tables string) string { return "analyze table " + tables }

// MySQL and MariaDB error numbers.
const (
	mysqlLockTimeout   = 1205
	mysqlDeadlock      = 1213
	mysqlRecordChanged = 1020 // MariaDB, with innodb_snapshot_isolation
	mysqlNoTable       = 1146
	mysqlNoTableInside = 1932
	mysqlTableChanged  = 1412 // since the snapshot was taken

	mysqlTooMany      = 1040 // connections
	mysqlShutdown     = 1053
	mysqlAborted      = 1152 // connection
	mysqlReadError    = 1158
	mysqlReadTimeout  = 1159
	mysqlWriteError   = 1160
	mysqlWriteTimeout = 1161
	mysqlInterrupted  = 1317 // by an administrator
	mysqlKilled       = 1927 // MariaDB: an administrator ended the connection
	mysqlTimeMariaDB  = 1969 // max_statement_time
	mysqlTime         = 3024 // max_execution_time
	mysqlIdleTooLong  = 4031 // MySQL: wait_timeout
)

// mysqlLost are the errors of a server that is shutting down, is full, or ends
// a statement or a connection.
var mysqlLost = []uint16{
	mysqlTooMany, mysqlShutdown, mysqlAborted, mysqlReadError, mysqlReadTimeout, mysqlWriteError, mysqlWriteTimeout,
	mysqlInterrupted, mysqlKilled, mysqlTimeMariaDB, mysqlTime, mysqlIdleTooLong,
}

// Missing recognizes a table that was dropped: a snapshot sees rows as of its
// beginning, but tables as of now.
func (*mysql) Missing(err error) bool {
	return mysqlError(err, mysqlNoTable, mysqlNoTableInside, mysqlTableChanged)
}

func (*mysql) Contended(err error) bool {
	return mysqlError(err, mysqlDeadlock, mysqlLockTimeout, mysqlRecordChanged)
}

// Lost accepts every error that does not come from the server, and those in
// mysqlLost.
func (*mysql) Lost(err error) bool {
	var said *mysqldriver.MySQLError
	return !errors.As(err, &said) || slices.Contains(mysqlLost, said.Number)
}

func mysqlError(err error, numbers ...uint16) bool {
	var said *mysqldriver.MySQLError
	return errors.As(err, &said) && slices.Contains(numbers, said.Number)
}

func (*mysql) Snapshot(ctx context.Context, conn *sql.Conn, query string, dest ...any) error {
	if _, err := conn.ExecContext(ctx, "start transaction with consistent snapshot, read only"); err != nil {
		return err
	}
	return conn.QueryRowContext(ctx, query).Scan(dest...)
}

func (d *mysql) Session(ctx context.Context, generation int64) (Session, error) {
	if err := d.write.PingContext(ctx); err != nil {
		return nil, err
	}
	return &bulkSession{dialect: d, generation: generation}, nil
}
