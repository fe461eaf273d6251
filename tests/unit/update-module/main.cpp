#define BOOST_TEST_MODULE update_module
#include <boost/test/unit_test.hpp>
