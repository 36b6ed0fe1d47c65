// Options of the command line that are more than a text or a number. Any thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace stint::cli {

// An option whose text `parse` reads into `value`; its error is the option's.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& app, const char* name, Value& value, Parse parse, const char* help) {
  return app.add_option_function<std::string>(
      name,
      [name, &value, parse](const std::string& text) {
        auto parsed = parse(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
        value = *std::move(parsed);
      },
      help);
}

Result<WallTime> parse_time(const std::string& text);

}  // namespace stint::cli
