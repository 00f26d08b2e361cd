package schema

// Load asks for the rows with the given keys.
type Load struct {
	Table *Table
	// Keys holds the key columns of one row after another.
	Keys []any
	// Take is called once for each row that exists, in any order; scan reads its
	// columns, all of them. What it fails with ends the loading.
	Take func(scan func(dest ...any) error) error
}

// Change is what a transaction does to one table. No key occurs twice.
type Change struct {
	Table *Table
	// Rows holds the columns of one row to be put after another; Deleted the
	// key columns of those to be removed.
	Rows    []any
	Deleted []any
}
