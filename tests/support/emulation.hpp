/// Cases that cannot run where qemu emulates this program (tests/emulated).
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <string>

namespace two_path::tests {

/// For a case that asks for `what`, which the emulator does not have; it is skipped there.
inline boost::unit_test::precondition beyond_emulation(const std::string& what) {
    return boost::unit_test::precondition([what](boost::unit_test::test_unit_id) {
        boost::test_tools::assertion_result natively(std::getenv("TWO_PATH_EMULATED") == nullptr);
        natively.message() << "the emulator has no " << what;
        return natively;
    });
}

} // namespace two_path::tests
