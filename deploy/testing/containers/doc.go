// Package containers checks docker-compose.yml and the Dockerfile with the readers
// that Docker itself uses. It is a module of its own, so that what these need does
// not become part of what Docket needs.
package containers
