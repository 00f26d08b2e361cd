package broker

import "errors"

// ErrInUse reports that another process runs on the data folder.
var ErrInUse = errors.New("data folder is in use by another process")

// ErrNotRunning reports that no process runs on the data folder.
var ErrNotRunning = errors.New("no broker is running on this data folder")
