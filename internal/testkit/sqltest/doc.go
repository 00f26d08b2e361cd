// Package sqltest creates temporary databases for tests on the servers of
// DOCKET_TEST_POSTGRES and DOCKET_TEST_MYSQL. Without a server the test is
// skipped with a message; with DOCKET_TEST_REQUIRE it fails instead.
package sqltest
