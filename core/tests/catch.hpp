// The test framework: Catch2, version 2. Tests include this file, so that its place is known here only.
#pragma once

#include <catch2/catch.hpp>
