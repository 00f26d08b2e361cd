// Package sqltest makes databases for the length of a test, on the servers of
// DOCKET_TEST_POSTGRES and DOCKET_TEST_MYSQL. Where a server is absent the test
// is skipped, aloud; with DOCKET_TEST_REQUIRE it fails instead.
package sqltest
