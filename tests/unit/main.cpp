// The main function of each unit test program; its cases are linked beside it.
#define BOOST_TEST_MODULE two_path
#include <boost/test/unit_test.hpp>
