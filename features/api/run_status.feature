@api
Feature: The status of a run can be read at any time
  Segment:          Free, Mid and Enterprise
  Business goal:    Save customers from asking how far their work has come
  Value impact:     Customers see the progress of a run, and never see it fall back
  Strategic impact: Schedules and reports of other systems can rely on the status of a run

  @API-06 @segment.free @segment.mid @segment.enterprise
  Rule: A run's status can always be read and only moves forward

    @gate
    @needs.progress
    @needs.partner
    Scenario: Status and progress of a run only move forward
      Given Acme is a Mid customer
      And Acme has started an agent that asks the partner twenty questions
      When Acme polls the run while the partner answers one question after another
      Then the statuses that Acme has read only move forward, to the end
      And the progress that Acme has read has grown with each answer

    @gate
    @needs.progress
    @needs.partner
    Scenario: Other customers' runs do not change a run's progress
      Given Acme is a Mid customer
      And Borealis is a Mid customer
      And Acme has started an agent that asks the partner twenty questions
      And Borealis has started agents that take all other worker capacity
      When Acme polls the run while the partner answers one question after another
      Then the progress that Acme has read has grown with each answer

    @gate
    @needs.delegation @needs.cloud_accounts @needs.progress
    @needs.partner
    Scenario: Progress does not fall when an agent delegates to others
      Given Acme is an Enterprise customer with servers in the cloud and stored usage
      And Acme has started a savings review that waits for the partner's price list
      When Acme polls the run before and after the partner answers
      Then the statuses that Acme has read only move forward, to the end
      And the progress that Acme has read has never fallen

    @gate
    @needs.progress @needs.cancellation
    @needs.partner
    Scenario: A cancelled run keeps the progress that it has made
      Given Acme is an Enterprise customer
      And Acme has started an agent that asks the partner twenty questions
      When Acme polls the run, cancels it after the partner's first answer, and polls it to its end
      Then the statuses that Acme has read only move forward, to the end
      And the progress that Acme has read has never fallen

    @gate
    Scenario: A run that never existed is not found
      Given Acme is a Free customer with stored usage
      And Acme has started a usage report
      When Acme requests the status of a run that never existed
      Then the response is a not-found error
      And Acme's run completes
