"""A race between candidates, without I/O: it says which draws it wants, is fed scores, and says when to stop.

    race = Race(candidates=3, units=500, rules=Rules())
    while not race.finished:
        for span in race.wanted():                       # pay for these draw positions
            race.feed(span.candidate, scores[span.candidate, span.start:span.stop])
        look = race.step()
    print(race.outcome())

(Contract only for the moment; the body is being written.)
"""
