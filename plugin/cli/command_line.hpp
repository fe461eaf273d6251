/// A command's options and words, described once: for parsing, for --help, for errors of one line.
#pragma once

#include "plugin/cli/shell.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include <optional>
#include <string>
#include <vector>

namespace two_path::cli {

/// What the operator wrote.
class Arguments {
  public:
    explicit Arguments(boost::program_options::variables_map values)
      : values_(std::move(values)) {}

    [[nodiscard]] bool given(const char* option) const { return values_.count(option) != 0; }
    [[nodiscard]] bool flag(const char* option) const { return values_[option].as<bool>(); }
    /// Empty when it was not given.
    [[nodiscard]] std::string text(const char* option) const;
    [[nodiscard]] std::vector<std::string> texts(const char* option) const;
    /// `absent` when it was not given; bad_request, with the option's name, for what is no number.
    [[nodiscard]] Result<std::uint64_t> number(const char* option, std::uint64_t absent) const;
    /// What stands there without a `--`.
    [[nodiscard]] std::vector<std::string> words() const { return texts("word"); }

  private:
    boost::program_options::variables_map values_;
};

class CommandLine {
  public:
    /// `usage`: what follows `two-path`; `purpose`: a sentence or a few lines.
    CommandLine(std::string usage, std::string purpose);

    CommandLine& flag(const char* name, const char* help);
    /// `value`: what stands for it in --help.
    CommandLine& option(const char* name, const char* value, const char* help);
    /// May be given several times.
    CommandLine& list(const char* name, const char* value, const char* help);

    /// Takes --json and --quiet into the shell. None when --help was asked for, and printed. bad_request:
    /// one line that names the option; also for more than `max_words` words.
    [[nodiscard]] Result<std::optional<Arguments>> parse(const std::vector<std::string>& arguments,
                                                         std::size_t max_words, Shell& shell) const;

  private:
    std::string usage_;
    std::string purpose_;
    boost::program_options::options_description options_;
};

/// bad_request with this command's way to its help.
[[nodiscard]] Error wrong_usage(std::string detail);

} // namespace two_path::cli
