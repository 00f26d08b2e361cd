// Command docket is a task manager whose log is the truth. All that it does is
// in package app.
package main

import "github.com/docketlog/docket/app"

func main() { app.Main() }
