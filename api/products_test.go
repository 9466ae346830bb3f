package api_test

import "testing"

func testCompany(*testing.T, *house)         {}
func testExecutors(*testing.T, *house)       {}
func testTaskLife(*testing.T, *house)        {}
func testTaskErrors(*testing.T, *house)      {}
func testBulk(*testing.T, *house)            {}
func testExplain(*testing.T, *house)         {}
func testRegister(*testing.T, *house)        {}
func testRegisterRefused(*testing.T, *house) {}
