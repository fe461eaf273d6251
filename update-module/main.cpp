// One program with two names: `two-path`, which the Mender client calls, and `two-path-device`, for people.
#include "update-module/device_command.hpp"
#include "update-module/log.hpp"
#include "update-module/module.hpp"
#include "update-module/watchdog.hpp"

#include <exception>
#include <string_view>

namespace {

bool is_called_by_people(std::string_view program) {
    return program.substr(program.rfind('/') + 1) == "two-path-device";
}

int run(int argc, char** argv) {
    using namespace two_path::device;
    if (argc > 0 && is_called_by_people(argv[0])) return run_device_command({argv + 1, argv + argc});
    if (argc != 3) {
        say("an update module, called by the Mender client as `two-path STATE FOLDER`; people use "
            "two-path-device");
        return 2;
    }
    block_signals();
    return run_module(argv[1], argv[2]);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        two_path::device::say(error.what());
    }
    return 1;
}
