package story;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;

/** Says what a story found: one line for each claim. A claim that does not hold does not end the story. */
final class Tap {
  private static int failed = 0;

  interface Check {
    void run() throws Exception;
  }

  static void claim(String sentence, Check check) {
    try {
      check.run();
      System.out.println("ok - " + sentence);
    } catch (Exception | AssertionError error) {
      failed++;
      error.printStackTrace(System.out);
      System.out.println("not ok - " + sentence + ": " + String.valueOf(error).replaceAll("\\s+", " "));
    }
  }

  static void expect(boolean holds, Object what) {
    if (!holds) {
      throw new AssertionError(String.valueOf(what));
    }
  }

  static void until(String what, Callable<Boolean> condition) throws Exception {
    Instant deadline = Instant.now().plus(Duration.ofMinutes(1));
    while (!condition.call()) {
      expect(Instant.now().isBefore(deadline), "not within a minute: " + what);
      Thread.sleep(50);
    }
  }

  static int exitCode() {
    return failed > 0 ? 1 : 0;
  }

  private Tap() {}
}
