#include "update-module/install/inner_module.hpp"

#include "protocol/descriptor.hpp"
#include "update-module/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/stat.h>
#include <unistd.h>

namespace two_path::install {
namespace {

constexpr std::size_t max_answer = 4 * 1024;

bool is_module_name(std::string_view type) {
    return is_name(type) && type.find('/') == std::string_view::npos && !type.starts_with('.') &&
           type != "two-path";
}

Error missing(const std::string& type, const std::string& detail) {
    const std::string_view hint =
        type == "rootfs-image" ? "; clients before 4.0 have it built in, where it cannot be called: install "
                                 "the module of that name that comes with later ones"
                               : "";
    return fail(Errc::inner_module_missing, std::string(detail).append(hint));
}

/// By someone else, as all processes are when the device restarts; no verdict of the installer's.
bool was_told_to_end(const device::Exit& exit) {
    return exit.signal == SIGTERM || exit.signal == SIGINT || exit.signal == SIGHUP;
}

} // namespace

Result<InnerModule> InnerModule::find(const std::string& modules_dir, const std::string& type,
                                      std::string tree) {
    if (!is_module_name(type))
        return fail(Errc::bad_descriptor, "`" + type + "` cannot be an installer's type");
    auto program = modules_dir + "/" + type;
    struct stat status {};
    if (::stat(program.c_str(), &status) != 0) return missing(type, program + ": " + std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return missing(type, program + " is no regular file");
    if (::access(program.c_str(), X_OK) != 0) return missing(type, program + " is not executable");
    return InnerModule(type, std::move(program), std::move(tree));
}

Result<void> InnerModule::run(std::string_view state, Deadline deadline) const {
    auto process = device::Process::start({{program_, std::string(state), tree_}, tree_, -1});
    if (!process) return process.error();
    const auto exit = process->wait(deadline);
    if (!exit) return exit.error();
    if (exit->ok()) return {};
    return fail(was_told_to_end(*exit) ? Errc::interrupted : Errc::inner_module_failed,
                "module " + type_ + " in " + std::string(state) + ": " + exit->text());
}

Result<std::string> InnerModule::query(std::string_view state, Deadline deadline) const {
    auto captured = device::capture({{program_, std::string(state), tree_}, tree_, -1}, max_answer, deadline);
    if (!captured) return captured.error();
    const auto where = "module " + type_ + " in " + std::string(state);
    if (!captured->exit.ok()) return fail(Errc::inner_module_failed, where + ": " + captured->exit.text());
    auto answer = std::move(captured->output);
    if (answer.ends_with('\n')) answer.pop_back();
    if (answer.find('\n') != std::string::npos)
        return fail(Errc::inner_module_failed, where + ": an answer of several lines");
    return answer;
}

} // namespace two_path::install
