package schema

// Load requests the rows with the given keys.
type Load struct {
	Table *Table
	// Keys holds the key columns of one row after another.
	Keys []any
	// Take is called once for each row that exists, in any order; scan reads
	// all of its columns. An error from Take ends the load.
	Take func(scan func(dest ...any) error) error
}

// Change is what a transaction changes in one table. No key occurs twice.
type Change struct {
	Table *Table
	// Rows holds the columns of the rows to upsert, one row after another;
	// Deleted the key columns of the rows to delete.
	Rows    []any
	Deleted []any
}
