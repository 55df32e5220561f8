@api
Feature: Many users at once get right answers in time
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let one platform carry all customers, without one of them being felt by another
  Value impact:     Answers are right and quick at the busiest hour, too
  Strategic impact: Fair shares by plan are what makes a free plan affordable

  @API-08 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Answers to many at once are right and in time, and who asks more than their plan allows is told when to return

    @gate @timing
    Scenario: Fifty people ask for different things, side by side
      Given fifty customers
      And each of them has a conversation
      When each of them makes ten requests of different kinds, all of them side by side
      Then everybody has been answered rightly, with nothing of anybody else's
      And no two things or answers bear the same name
      And nearly all answers have come within the mixed requests budget

    @gate @timing
    Scenario: Who asks more than the plan allows is told when to come back, and nobody else is
      Given Acme is a Free customer
      And Borealis is a Free customer
      And Cumulus is an Early customer
      When Acme and Cumulus each ask more often than a Free plan allows, and Borealis now and then
      Then Acme has been granted what the plan allows, and was told when to come back
      And Borealis and Cumulus have been granted everything

    @gate @timing
    Scenario: Who comes back when they were told to is answered again
      Given Acme is a Free customer
      And Acme has used up what the plan allows
      When Acme comes back when told to
      Then Acme's request is granted

    @gate @exclusive
    Scenario: Where nobody can count, nobody is refused for it
      Given Acme is a Mid customer who owns one of everything
      When Acme looks behind every door for owners while nobody can count requests
      Then each of these doors was open to Acme
