#define BOOST_TEST_MODULE ftp
#include <boost/test/unit_test.hpp>
