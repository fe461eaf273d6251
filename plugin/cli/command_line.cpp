#include "plugin/cli/command_line.hpp"

#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>

#include <charconv>
#include <ostream>
#include <utility>

namespace two_path::cli {
namespace {

namespace po = boost::program_options;

} // namespace

std::string Arguments::text(const char* option) const {
    return given(option) ? values_[option].as<std::string>() : std::string();
}

std::vector<std::string> Arguments::texts(const char* option) const {
    return given(option) ? values_[option].as<std::vector<std::string>>() : std::vector<std::string>();
}

Result<std::uint64_t> Arguments::number(const char* option, std::uint64_t absent) const {
    if (!given(option)) return absent;
    const auto text = this->text(option);
    std::uint64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || end != text.data() + text.size() || number >= std::uint64_t{1} << 53U)
        return wrong_usage("--" + std::string(option) + ": `" + text + "` is not a whole number");
    return number;
}

CommandLine::CommandLine(std::string usage, std::string purpose)
  : usage_(std::move(usage))
  , purpose_(std::move(purpose))
  , options_("Options", 100) {
    flag("json", "print one JSON document");
    flag("quiet", "neither notes nor progress");
    flag("help", "this text");
}

CommandLine& CommandLine::flag(const char* name, const char* help) {
    options_.add_options()(name, po::bool_switch(), help);
    return *this;
}

CommandLine& CommandLine::option(const char* name, const char* value, const char* help) {
    options_.add_options()(name, po::value<std::string>()->value_name(value), help);
    return *this;
}

CommandLine& CommandLine::list(const char* name, const char* value, const char* help) {
    options_.add_options()(name, po::value<std::vector<std::string>>()->value_name(value), help);
    return *this;
}

Result<std::optional<Arguments>> CommandLine::parse(const std::vector<std::string>& arguments,
                                                    std::size_t max_words, Shell& shell) const {
    po::options_description all;
    all.add(options_).add_options()("word", po::value<std::vector<std::string>>());
    po::positional_options_description words;
    words.add("word", -1);
    po::variables_map values;
    try {
        using namespace po::command_line_style;
        const auto parsed = po::command_line_parser(arguments)
                                .options(all)
                                .positional(words)
                                .style(allow_long | long_allow_adjacent | long_allow_next)
                                .run();
        po::store(parsed, values);
        po::notify(values);
    } catch (const po::error& error) {
        return wrong_usage(error.what());
    }
    Arguments given(std::move(values));
    if (given.flag("help")) {
        shell.out << "Usage: two-path " << usage_ << "\n\n" << purpose_ << "\n\n" << options_;
        return std::optional<Arguments>{};
    }
    shell.json = given.flag("json");
    shell.quiet = given.flag("quiet");
    if (const auto extra = given.words(); extra.size() > max_words)
        return wrong_usage("one word too many: `" + extra[max_words] + "`");
    return std::optional(std::move(given));
}

Error wrong_usage(std::string detail) {
    return fail(Errc::bad_request, std::move(detail) + " (`--help` tells more)");
}

} // namespace two_path::cli
