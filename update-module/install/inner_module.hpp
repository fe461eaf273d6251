/// The update module that installs: called by us just as the Mender client would call it.
#pragma once

#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <string>
#include <string_view>

namespace two_path::install {

/// Another module of Mender's modules/v3, in its own working directory. Its output goes where ours goes, into
/// the client's log.
class InnerModule {
  public:
    /// inner_module_missing when `modules_dir` has no such program, naming the path; bad_descriptor for a
    /// type that cannot be one (a path, or ourselves).
    [[nodiscard]] static Result<InnerModule> find(const std::string& modules_dir, const std::string& type,
                                                  std::string tree);

    /// One state. inner_module_failed with its exit status; interrupted when someone else told it to end;
    /// time_limit, interrupted after having ended it.
    [[nodiscard]] Result<void> run(std::string_view state, Deadline deadline) const;
    /// One query; its answer without the line end. Also inner_module_failed for an answer of several lines.
    [[nodiscard]] Result<std::string> query(std::string_view state, Deadline deadline) const;

    [[nodiscard]] const std::string& type() const noexcept { return type_; }
    [[nodiscard]] const std::string& program() const noexcept { return program_; }
    [[nodiscard]] const std::string& tree() const noexcept { return tree_; }

  private:
    InnerModule(std::string type, std::string program, std::string tree)
      : type_(std::move(type))
      , program_(std::move(program))
      , tree_(std::move(tree)) {}

    std::string type_;
    std::string program_;
    std::string tree_;
};

} // namespace two_path::install
