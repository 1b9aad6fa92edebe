/** A question that several checks ask: it is asked when the first of them does, and all get its answer or its error. */
export function once<Answer>(ask: () => Answer): () => Answer {
  let answer: (() => Answer) | undefined;
  return () => {
    if (!answer) {
      try {
        const value = ask();
        answer = () => value;
      } catch (error) {
        answer = () => {
          throw error;
        };
      }
    }
    return answer();
  };
}
