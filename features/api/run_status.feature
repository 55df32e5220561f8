@api
Feature: The status of a run can be read at any time
  Segment:          Free and Mid
  Business goal:    Spare customers the question how far their work has come
  Value impact:     Customers see the progress of a run, and never see it fall back
  Strategic impact: Schedules and reports of partners can rely on the status of a run

  @API-06 @segment.free @segment.mid
  Rule: Status and progress only move forward; unknown runs are not found

    @gate
    Scenario: Status and progress of a run only move forward
      Given Acme is a Mid customer
      And Acme has started an agent that asks the partner three questions
      When Acme polls the run while the partner answers one question after another
      Then the statuses that Acme has read only move forward, to the end
      And the progress that Acme has read has grown with each answer

    @gate
    Scenario: A run that never existed is not found
      Given Acme is a Free customer with stored usage
      And Acme has started a usage report
      When Acme requests the status of a run that never existed
      Then the response is a not-found error
      And Acme's run completes
