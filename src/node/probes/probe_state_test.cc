#include "node/probes/probe_state.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

corev1::Probe thresholds(int success, int failure) {
  corev1::Probe probe;
  probe.set_successthreshold(success);
  probe.set_failurethreshold(failure);
  return probe;
}

TEST(ProbeState, UntilTheFirstVerdictAContainerIsNotReadyIsAliveAndMayHaveStartedOrNot) {
  EXPECT_EQ(ProbeState(ProbeKind::kReadiness, {}).health(), Health::kBad);
  EXPECT_EQ(ProbeState(ProbeKind::kLiveness, {}).health(), Health::kGood);
  EXPECT_EQ(ProbeState(ProbeKind::kStartup, {}).health(), Health::kUnknown);
}

TEST(ProbeState, ThreeFailuresInARowAreAVerdictUnlessToldOtherwise) {
  ProbeState state(ProbeKind::kLiveness, {});
  EXPECT_FALSE(state.take(false));
  EXPECT_FALSE(state.take(false));
  EXPECT_EQ(state.health(), Health::kGood);
  EXPECT_TRUE(state.take(false));
  EXPECT_EQ(state.health(), Health::kBad);
}

TEST(ProbeState, ASuccessBetweenStartsTheCountOfFailuresAnew) {
  ProbeState state(ProbeKind::kLiveness, thresholds(1, 2));
  state.take(false);
  state.take(true);
  EXPECT_FALSE(state.take(false));
  EXPECT_EQ(state.health(), Health::kGood);
  EXPECT_TRUE(state.take(false));
}

TEST(ProbeState, ReadinessNeedsItsSuccessesInARow) {
  ProbeState state(ProbeKind::kReadiness, thresholds(3, 1));
  state.take(true);
  state.take(true);
  EXPECT_EQ(state.health(), Health::kBad);
  state.take(true);
  EXPECT_EQ(state.health(), Health::kGood);
  state.take(false);
  EXPECT_EQ(state.health(), Health::kBad);
  EXPECT_FALSE(state.held()) << "readiness is never at its end";
}

TEST(ProbeState, AFailedLivenessProbeIsHeldSoThatADyingContainerIsLeftAlone) {
  ProbeState state(ProbeKind::kLiveness, thresholds(1, 1));
  state.take(true);
  EXPECT_FALSE(state.held());
  state.take(false);
  EXPECT_TRUE(state.held());
  EXPECT_FALSE(state.take(true));
  EXPECT_EQ(state.health(), Health::kBad);
}

TEST(ProbeState, AStartupProbeEndsWithItsVerdictEitherWay) {
  for (const bool success : {true, false}) {
    ProbeState state(ProbeKind::kStartup, thresholds(1, 1));
    EXPECT_TRUE(state.take(success));
    EXPECT_TRUE(state.held());
    EXPECT_EQ(state.health(), success ? Health::kGood : Health::kBad);
  }
}

TEST(ProbeState, WhatWasKnownBeforeARestartStandsUntilAVerdictSaysOtherwise) {
  ProbeState state(ProbeKind::kReadiness, thresholds(1, 2));
  state.assume(Health::kGood);
  state.take(false);
  EXPECT_EQ(state.health(), Health::kGood);
  state.take(false);
  EXPECT_EQ(state.health(), Health::kBad);
}

}  // namespace
}  // namespace stint
