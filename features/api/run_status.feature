@api
Feature: The state of a run can be asked at any time
  Segment:          Free and Mid
  Business goal:    Spare customers the question how far their work has come
  Value impact:     Whoever looks sees how far the work is, and never reads that it fell back
  Strategic impact: Schedules and reports of partners can rely on what the product says

  @API-06 @segment.free @segment.mid
  Rule: What is read of a run goes only forward, and what never was is not found

    @gate
    Scenario: State and progress move only forward
      Given Acme is a Mid customer
      And Acme has started an agent that asks the partner three times
      When Acme looks again and again while the partner answers one question after the other
      Then the states that Acme has read go only forward, to the end
      And the progress that Acme has read has grown with each answer

    @gate
    Scenario: A run that never existed is not found
      Given Acme is a Free customer with stored usage
      And Acme has finished a usage report
      When Acme asks for the state of a run that never existed
      Then Acme is told that there is nothing
      And the state of Acme's own run is told
