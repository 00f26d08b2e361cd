package projections

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/schema"
)

// rawLoop writes rows as fast as possible, with code written by hand for each
// database and without a session.
func rawLoop(b *testing.B, d database, s *Store, folded [][]schema.Change) {
	b.Helper()
	for _, changes := range folded {
		for _, c := range changes {
			if len(c.Deleted) > 0 {
				b.Fatal("the log of the benchmark deletes nothing")
			}
		}
	}
	write := map[string]func(*Store, [][]schema.Change) error{"sqlite": rawSQLite, "postgres": rawPostgres, "mysql": rawMySQL}[d.name]
	if err := write(s, folded); err != nil {
		b.Fatal(err)
	}
}

// rawSQLite prepares a statement for each table and transaction, and runs it
// once per row.
func rawSQLite(s *Store, folded [][]schema.Change) error {
	statements := make(map[string]string)
	return rawTransactions(s, folded, func(tx *sql.Tx, c schema.Change) error {
		width := len(c.Table.Columns)
		if statements[c.Table.Name] == "" {
			statements[c.Table.Name] = fmt.Sprintf("insert into g1_%s values (%s)%s", c.Table.Name, dialect.Marks(width), s.dialect.Upsert(c.Table))
		}
		put, err := tx.Prepare(statements[c.Table.Name])
		if err != nil {
			return err
		}
		defer put.Close()
		for row := 0; row < len(c.Rows); row += width {
			if _, err := put.Exec(c.Rows[row : row+width]...); err != nil {
				return err
			}
		}
		return nil
	})
}

// rawMySQL writes as many rows per statement as fit in a megabyte.
func rawMySQL(s *Store, folded [][]schema.Change) error {
	return rawTransactions(s, folded, func(tx *sql.Tx, c schema.Change) error {
		width, rows := len(c.Table.Columns), s.dialect.Arguments(c.Rows)
		list := "(" + dialect.Marks(width) + ")"
		for len(rows) > 0 {
			n, size := width, 0
			for ; n < len(rows) && size < 1<<20 && n+width < 60_000; n += width {
				for _, v := range rows[n : n+width] {
					if text, ok := v.([]byte); ok {
						size += len(text)
					}
				}
			}
			lists := strings.TrimSuffix(strings.Repeat(list+", ", n/width), ", ")
			if _, err := tx.Exec("insert into g1_"+c.Table.Name+" values "+lists+s.dialect.Upsert(c.Table), rows[:n]...); err != nil {
				return err
			}
			rows = rows[n:]
		}
		return nil
	})
}

// rawTransactions calls put for each change, and moves a checkpoint.
func rawTransactions(s *Store, folded [][]schema.Change, put func(*sql.Tx, schema.Change) error) error {
	for i, changes := range folded {
		if err := rawTransaction(s, i, changes, put); err != nil {
			return err
		}
	}
	return nil
}

func rawTransaction(s *Store, n int, changes []schema.Change, put func(*sql.Tx, schema.Change) error) error {
	tx, err := s.write.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, c := range changes {
		if err := put(tx, c); err != nil {
			return err
		}
	}
	if _, err := tx.Exec("update docket_checkpoints set sequence = ?", n); err != nil {
		return err
	}
	return tx.Commit()
}

// rawPostgres sends each transaction in one round trip, and rows as one array
// per column.
func rawPostgres(s *Store, folded [][]schema.Change) error {
	ctx := context.Background()
	pooled, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer pooled.Close()
	return pooled.Raw(func(driverConn any) error {
		conn := driverConn.(*stdlib.Conn).Conn()
		for i, changes := range folded {
			var batch pgx.Batch
			batch.Queue("begin")
			for _, c := range changes {
				arrays, casts := rawArrays(c)
				batch.Queue("insert into g1_"+c.Table.Name+" select * from unnest("+casts+")"+s.dialect.Upsert(c.Table), arrays...)
			}
			batch.Queue("update docket_checkpoints set sequence = $1", int64(i))
			batch.Queue("commit")
			if err := conn.SendBatch(ctx, &batch).Close(); err != nil {
				return err
			}
		}
		return nil
	})
}

// rawArrays converts rows to one array per column, with the type of each.
func rawArrays(c schema.Change) (arrays []any, casts string) {
	width := len(c.Table.Columns)
	for i, column := range c.Table.Columns {
		of := "bigint"
		switch column.Kind {
		case schema.KindID:
			of, arrays = "uuid", append(arrays, rawArray(c.Rows[i:], width, func(v any) [16]byte { return v.(uuid.UUID) }))
		case schema.KindWord, schema.KindText:
			of, arrays = "text", append(arrays, rawArray(c.Rows[i:], width, func(v any) string { return v.(string) }))
		case schema.KindDigest:
			of, arrays = "bytea", append(arrays, rawArray(c.Rows[i:], width, func(v any) []byte { return v.([]byte) }))
		case schema.KindNumber:
			arrays = append(arrays, rawArray(c.Rows[i:], width, func(v any) int64 { return v.(int64) }))
		case schema.KindMoment:
			arrays = append(arrays, rawArray(c.Rows[i:], width, func(v any) *int64 {
				if v == nil {
					return nil
				}
				at := v.(int64)
				return &at
			}))
		}
		casts += fmt.Sprintf(", $%d::%s[]", i+1, of)
	}
	return arrays, strings.TrimPrefix(casts, ", ")
}

func rawArray[T any](rows []any, width int, of func(any) T) []T {
	array := make([]T, 0, len(rows)/width+1)
	for i := 0; i < len(rows); i += width {
		array = append(array, of(rows[i]))
	}
	return array
}
