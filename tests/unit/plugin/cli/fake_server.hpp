/// A server made of prepared answers, and a shell whose output a test can read.
#pragma once

#include "plugin/cli/command.hpp"
#include "protocol/digest.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace two_path::tests {

inline const std::string own_api = "/api/management/v1/two-path";
inline const std::string artifacts_api = "/api/management/v1/deployments/artifacts";

struct PreparedAnswer {
    unsigned status{200};
    std::string body;
    std::string location;
};

/// `METHOD target` -> answers in order; the last one stays. What was not prepared is 404 with our error body.
class FakeServer {
  public:
    void answer(const std::string& request, PreparedAnswer answer) {
        answers_[request].push_back(std::move(answer));
    }

    Result<control::ClientResponse> operator()(control::ClientRequest request) {
        const auto line = request.method + " " + request.target;
        if (request.source) {
            std::string body;
            std::vector<std::uint8_t> buffer(70'000);
            while (true) {
                const auto got = request.source(buffer);
                if (!got) return got.error();
                if (*got == 0) break;
                body.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
            }
            request.body = std::move(body);
        }
        seen.push_back(line);
        const auto prepared = answers_.find(line);
        const auto response = prepared == answers_.end() ? own_answer(line, request) : next(prepared->second);
        requests.push_back(std::move(request));
        control::ClientResponse result;
        result.status = response.status;
        const auto& sink = requests.back().sink;
        if (!sink || response.status != 200)
            result.body = response.body;
        else if (const auto taken = sink(bytes_of(response.body)); !taken)
            return taken.error();
        if (!response.location.empty()) result.headers["Location"] = response.location;
        return result;
    }

    std::vector<std::string> seen;                ///< lines, in order
    std::vector<control::ClientRequest> requests; ///< with the bodies that were streamed
    std::map<std::string, std::string> payloads;  ///< by id

  private:
    static PreparedAnswer next(std::deque<PreparedAnswer>& answers) {
        auto first = answers.front();
        if (answers.size() > 1) answers.pop_front();
        return first;
    }
    PreparedAnswer own_answer(const std::string& line, const control::ClientRequest& request) {
        if (line == "POST /api/management/v1/two-path/payloads") {
            const auto id = sha256_hex(request.body);
            payloads[id] = request.body;
            return {201, json::serialize(json::object{{"id", id}, {"size", request.body.size()}}), {}};
        }
        if (line == "POST /api/management/v1/two-path/releases") return {201, "{}", {}};
        if (request.method == "PUT" && line.ends_with("/artifact")) return {204, "", {}};
        if (line == "POST /api/management/v1/deployments/artifacts") return {201, "", "/x/artifact-1"};
        return {404,
                R"({"error":"not_found","reason":"not_found","detail":"not prepared","request_id":"1"})",
                {}};
    }
    std::map<std::string, std::deque<PreparedAnswer>> answers_;
};

struct Operator {
    TemporaryFolder folder;
    std::ostringstream out;
    std::ostringstream err;
    FakeServer server;
    cli::Shell shell{out, err};
    std::string password{"secret password"};
    std::int64_t now{1'700'000'000};

    Operator() {
        shell.settings = folder / "settings";
        shell.ask = [](const std::string&) { return Result<std::string>("a@example.com"); };
        shell.ask_secret = [this](const std::string&) { return Result<std::string>(password); };
        shell.pause = [this](std::chrono::milliseconds time) { now += time.count() / 1000; };
        shell.unix_time = [this] { return now; };
        shell.connect = [this](const cli::Account&) {
            return Result<cli::Transport>(
                [this](control::ClientRequest request) { return server(std::move(request)); });
        };
    }
    /// As after a login.
    void logged_in() {
        cli::write_account(shell.settings, {"https://mender.example", {}, "a@example.com", "the-token"})
            .value();
    }
    /// The exit code; `out` and `err` hold this run's only.
    int run(std::vector<std::string> words) {
        out.str({});
        err.str({});
        return cli::run(words, shell);
    }
    std::string error_line() const { return err.str(); }
    json::value json_out() const { return json::parse(out.str()); }
};

} // namespace two_path::tests
