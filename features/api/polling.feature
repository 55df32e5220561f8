@api
Feature: A run can be followed by polling alone
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let developers integrate the product with the simplest of means
  Value impact:     A program of twenty lines can start an analysis and use its result
  Strategic impact: What is easy to integrate becomes part of other products

  @API-01 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.published_api
  Rule: Polling alone can start, follow and read a run, as published

    @smoke
    Scenario Outline: A program starts a run, polls it and reads the result
      Given Acme is <a plan> customer with stored usage
      When Acme starts a usage report and polls it until it ends
      Then the answer equals the totals of Acme's own usage
      And every response conforms to the published API reference

      Examples:
        | a plan        |
        | a Free        |
        | an Enterprise |

    @gate
    @needs.colleagues
    Scenario: Refusals conform to the published API reference, too
      Given Acme is an Early customer
      And Ben of Acme is a member
      When Ben of Acme makes requests that must be refused
      Then every response conforms to the published API reference

    @gate
    @needs.cancellation @needs.time_limits
    @needs.partner
    Scenario: Runs can be listed by how they ended
      Given Acme is a Mid customer with stored usage
      And Acme has a completed, a failed, a timed-out and a cancelled run
      When Acme lists the runs of each status, one at a time
      Then each of Acme's runs is listed under its status alone
