// Package containers checks docker-compose.yml and the Dockerfile with the parsers
// that Docker uses. It is a separate module, so that their dependencies do not
// become dependencies of Docket.
package containers
