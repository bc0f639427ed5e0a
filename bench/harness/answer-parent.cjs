// For the plain scripts that the harness measures: answers each message of the parent by its id, with what `work`
// resolves with, as `result`. Ends in order at SIGTERM, which is when a profile is written, and with the parent.
exports.answerParent = (work) => {
  process.on("message", ({ id, ...message }) => {
    Promise.resolve(message)
      .then(work)
      .then(
        (result) => process.send({ id, result }),
        (error) => process.send({ id, error: String(error) }),
      );
  });
  process.on("SIGTERM", () => process.exit(0));
  process.on("disconnect", () => process.exit(0));
};
